"""What whoever operates the hub asks of it: set it up, is it ready, what is missing, what was left undone."""
