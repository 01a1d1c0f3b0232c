"""Guests: what boots when a machine of the lab's vCenters is switched on."""
