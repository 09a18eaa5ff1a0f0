"""Whether two folders of results hold the same: python tests/same_results.py one other

Every variable of every NetCDF file is compared, bit for bit; attributes are not: they name versions of Python and
packages, and the commit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import xarray as xr


def differences(one: Path, other: Path) -> Iterator[str]:
    """A line for each file that only one has, and for each variable that is not the same in both."""
    files, others = ({path.relative_to(folder) for path in folder.rglob("*.nc")} for folder in (one, other))
    if not files:
        yield f"{one}: no NetCDF files"
    for name in sorted(files ^ others):
        yield f"{name}: only in {one if name in files else other}"
    for name in sorted(files & others):
        # As stored: nothing is decoded, so that a value that is not a number is its bits too.
        with (
            xr.open_dataset(one / name, decode_cf=False) as here,
            xr.open_dataset(other / name, decode_cf=False) as there,
        ):
            for variable in sorted({*here.variables, *there.variables}, key=str):
                if variable not in here.variables or variable not in there.variables:
                    yield f"{name}: '{variable}' is in one of them alone"
                elif not _same(here.variables[variable], there.variables[variable]):
                    yield f"{name}: '{variable}' differs"


def _same(here: xr.Variable, there: xr.Variable) -> bool:
    if (here.dims, here.dtype, here.shape) != (there.dims, there.dtype, there.shape):
        return False
    if here.dtype == object:
        return here.values.tolist() == there.values.tolist()
    return here.values.tobytes() == there.values.tobytes()


def main(one: str, other: str) -> int:
    """Print the differences; 1 if there are any."""
    found = list(differences(Path(one), Path(other)))
    print("\n".join(found) or f"{one} and {other}: every variable of every NetCDF file is the same")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
