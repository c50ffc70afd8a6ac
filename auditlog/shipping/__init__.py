"""Events leave for another system, each at least once, in the order of the log.

`BULWARK_AUDITLOG["SHIPPING"]` names the receivers. How far each has come is a row of the database, moved when it has
taken a batch and not before: whoever is killed in between, the batch is sent again. So a receiver may meet an event
twice, and knows it by its id.
"""

from .position import Lag, Shipped, lag_of, replay, ship
from .receivers import Receiver, receiver

__all__ = ["Lag", "Receiver", "Shipped", "lag_of", "receiver", "replay", "ship"]
