"""Rivals by statsforecast for the backtest: automatic ETS and Theta.

statsforecast 2.1 wants pandas below 3 and cannot be installed beside this package, so it runs in an
environment of its own and speaks through files:

1. ``python tests/benchmarks/statsforecast_rivals.py pasts pasts.npz`` writes what each series was
   known to be at each origin;
2. in an environment with ``numpy`` and ``statsforecast`` alone: ``python
   tests/benchmarks/statsforecast_rivals.py draw pasts.npz draws.npz AutoETS AutoTheta``;
3. ``energy.projection.replayed.ship(tables, replayed.of_file("draws.npz"))`` lets them join.

Each series is fitted anew at each origin, season of four quarters from three years on; 300 paths
are simulated by the fitted model, floored at nought, from the last quarter known then. AutoARIMA can
be named too; it is not on the board, for its paths of short series take too long.
"""

from __future__ import annotations

import sys
import warnings
import zlib

import numpy as np

PATHS, HORIZON = 300, 20


def pasts(target: str) -> None:
    """Write ``day|steps|route`` to the quarters known that day."""
    from energy import facts
    from energy.projection import backtest

    tables, found = facts.load(), {}
    for day in backtest.days(tables):
        for route, past in backtest.histories(backtest.as_known(tables, day), day).items():
            steps = backtest._steps(past, day, HORIZON)
            found[f"{day.isoformat()}|{steps}|{route}"] = past.to_numpy(dtype=float)
    np.savez_compressed(target, **found)


def draw(source: str, target: str, names: list[str]) -> None:
    """Write ``model|day|route`` to draws (horizon, paths)."""
    from statsforecast import models

    found = {}
    with np.load(source) as held:
        series = {key: held[key] for key in held.files}
    for name in names:
        for key, values in series.items():
            day, steps, route = key.split("|")
            fitted = getattr(models, name)(season_length=4 if len(values) >= 12 else 1)
            seed = zlib.crc32(f"{name}|{key}".encode())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a short series may not converge
                try:
                    paths = fitted.fit(values).simulate(int(steps), PATHS, seed=seed)
                except Exception as error:  # a series too short for a model has no forecast of it
                    print(f"{name} {key}: {error}", file=sys.stderr)
                    continue
            made = np.asarray(paths).reshape(PATHS, int(steps))[:, -HORIZON:]
            found[f"{name}|{day}|{route}"] = np.maximum(made, 0.0).T.astype(np.float32)
    np.savez_compressed(target, **found)


def main() -> int:
    """Run one of the two steps."""
    if sys.argv[1:2] == ["pasts"] and len(sys.argv) == 3:
        pasts(sys.argv[2])
    elif sys.argv[1:2] == ["draw"] and len(sys.argv) > 4:
        draw(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
