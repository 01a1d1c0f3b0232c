"""The lab's name service: zones made from the model, served by NSD."""
