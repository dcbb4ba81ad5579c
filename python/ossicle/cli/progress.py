"""A progress bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time

_WIDTH = 30
_PATIENCE = 0.5  # seconds before the bar shows: short work needs none
_INTERVAL = 0.1


class Progress:
    def __init__(self, label: str, total: int, *, quiet: bool) -> None:
        self._label, self._total, self._quiet = label, max(total, 1), quiet
        self._done = 0
        self._start = self._shown = time.monotonic()
        self._visible = False

    def advance(self, amount: int) -> None:
        self._done += amount
        now = time.monotonic()
        if self._quiet or not sys.stderr.isatty() or now - self._start < _PATIENCE:
            return
        if now - self._shown < _INTERVAL:
            return
        self._shown, self._visible = now, True
        share = min(self._done / self._total, 1.0)
        filled = round(share * _WIDTH)
        left = (now - self._start) * (1 - share) / max(share, 1e-9)
        bar = "█" * filled + "·" * (_WIDTH - filled)
        sys.stderr.write(f"\r{self._label} {bar} {share:4.0%} {left:5.0f} s left ")
        sys.stderr.flush()

    def done(self, message: str) -> None:
        """Clears the bar and says what came out, and in what time."""
        if self._visible:
            sys.stderr.write("\r\x1b[K")
        if not self._quiet:
            print(f"{self._label} → {message} in {time.monotonic() - self._start:.2f} s", file=sys.stderr)
