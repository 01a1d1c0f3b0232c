"""The one error of the lab's commands; its text says what to do."""


class LabError(Exception):
    """Something in the lab cannot be done; the message is for the user."""
