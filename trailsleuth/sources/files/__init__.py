"""Exported files, directory trees, archives, case folders and digest trees, as unread bytes."""
