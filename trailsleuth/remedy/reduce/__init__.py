"""The smallest policy that a role's calls need: its trail, what each call was checked for, the names that last, the document and what cannot be told."""
