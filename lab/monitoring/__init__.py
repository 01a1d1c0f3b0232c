"""What the lab's monitoring servers read: target lists made from the model, and silences."""
