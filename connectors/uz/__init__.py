"""What only Uzbekistan has: its identifiers, names and district codes. Pure.

Nothing outside this package and the rule pack may depend on the country.
"""
