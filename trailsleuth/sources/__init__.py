"""Where evidence comes from: exported files, AWS itself (reading only), query engines. A source hands over what it found, unread."""
