"""What ends a conversion."""


class ConversionError(ValueError):
    """No Rollout can take the Deployment over, or the user must choose first; the message says what to do."""
