"""Stand-ins that implement the real interface: clocks that do not pass time, simulators of the other side."""
