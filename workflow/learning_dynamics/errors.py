"""Errors that a user can act on."""


class UserError(Exception):
    """A mistake or a shortage that the user can mend: shown as one message, without a traceback."""


class ConfigurationError(UserError):
    """A configuration key that is unknown, of the wrong type or impossible."""


class DataError(UserError):
    """Source data that is missing, damaged or not what was expected."""


class DivergenceError(UserError):
    """A training whose loss became infinite or far larger than at its start."""


class StoppedError(UserError):
    """A training that was told to stop and kept its checkpoint."""
