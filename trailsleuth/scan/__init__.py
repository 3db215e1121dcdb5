"""Large trails: log files searched for what a question needs instead of read whole. Only the api opens this room."""
