"""``hub audit``: prove, show, verify and export what is on record."""
