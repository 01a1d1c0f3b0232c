"""The lab's tape library and the tape software in front of it."""
