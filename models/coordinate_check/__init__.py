"""Does a model of yours learn equally fast at every size? The coordinate check for any `torch.nn.Module`."""

from solv.models.coordinate_check.check import Coordinates, NotMeasured, check_coordinates
from solv.models.coordinate_check.rates import STAYS, BestRates, scan_rates
from solv.models.coordinate_check.slopes import FLAT, CoordinateSlope
from solv.models.coordinate_check.subject import FactoryError, Subject

__all__ = [
    "FLAT",
    "STAYS",
    "BestRates",
    "CoordinateSlope",
    "Coordinates",
    "FactoryError",
    "NotMeasured",
    "Subject",
    "check_coordinates",
    "scan_rates",
]
