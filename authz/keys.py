"""Keys of rows, as clients send them."""

from django.core.exceptions import ValidationError

# What a query raises for a value that no key of the model can be; to the client it is a row that is not there.
NOT_A_KEY = (OverflowError, TypeError, ValidationError, ValueError)
