"""The image that a run judges: read once, by whichever scenario comes first; the others take what it read.

Workers are processes: what was read lies in the session's folder, under a lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from harness.errors import HarnessError, SetupFailed, Unavailable
from harness.history.recorder import Recorder
from harness.image.facts import ImageFacts
from harness.image.header import NotQcow2
from harness.image.reading import read_image
from harness.image.record import facts_to_json
from harness.image.reference import reference_image
from harness.image.rules.breakdown import break_down
from harness.image.unread import Unread
from harness.waiting import wait_until

_LONGEST_READING = 4500.0
"""Seconds that the others wait: a build of the reference image, and libguestfs without KVM, may both be in it."""


@dataclass(frozen=True)
class Reading:
    """What came of the reading.

    Attributes:
        end: `read`; `refused`, the file is not a QCOW2; `unavailable`, there is no image and none was asked for;
            `failed`.
        image: The file; empty when there is none.
        reason: Why it was not read.
        facts: What was read.
    """

    end: Literal["read", "refused", "unavailable", "failed"]
    image: str
    reason: str = ""
    facts: ImageFacts | None = None


_READING = TypeAdapter(Reading)


@dataclass(frozen=True)
class ImageUnderTest:
    """The image that a run judges, and what it is held against.

    Attributes:
        image: The user's; None for the reference image.
        required: Whether the user asked for it, so that there being none is a failure.
        limit: Bytes that its file has to stay below.
        flower: Version of the pre-baked Flower.
        folder: Of the session, for what scenarios share.
        log: File that receives what a build of the reference image says.
    """

    image: Path | None
    required: bool
    limit: int
    flower: str
    folder: Path
    log: Path

    def tell(self, recorder: Recorder) -> None:
        """Record what the image is and what was read of it.

        Raises:
            Unavailable: There is no image, and the user did not ask for one.
            SetupFailed: There is none though the user asked for it, or a build or the reading failed.
        """
        reading = self._reading()
        if reading.end == "unavailable" and not self.required:
            raise Unavailable(reading.reason)
        if reading.end in ("unavailable", "failed"):
            raise SetupFailed(reading.reason)
        recorder.record(
            "image",
            "image.given",
            image=reading.image,
            reference=self.image is None,
            limit=self.limit,
            flower=self.flower,
        )
        if reading.facts is None:
            recorder.record("image", "image.refused", reason=reading.reason)
            return
        recorder.record("image", "image.read", facts=facts_to_json(reading.facts))
        recorder.record("image", "image.measured", **measured(reading.facts))

    def _reading(self) -> Reading:
        self.folder.mkdir(parents=True, exist_ok=True)
        kept, lock = self.folder / "reading.json", FileLock(self.folder / "reading.lock")
        wait_until(
            lambda: kept.is_file() or _taken(lock),
            what="another scenario to have read the image",
            timeout=_LONGEST_READING,
            poll=0.3,
        )
        try:
            if kept.is_file():
                return _READING.validate_json(kept.read_bytes())
            reading = self._read()
            unfinished = kept.with_suffix(".unfinished")
            unfinished.write_bytes(_READING.dump_json(reading))
            unfinished.replace(kept)
            return reading
        finally:
            lock.release()

    def _read(self) -> Reading:
        image = self.image
        try:
            if image is None:
                image = reference_image(self.flower, log=self.log)
            return Reading("read", str(image), facts=read_image(image))
        except NotQcow2 as error:
            return Reading("refused", str(image), str(error))
        except Unavailable as error:
            return Reading("unavailable", "", str(error))
        except HarnessError as error:
            # The others must not try the same for minutes again.
            return Reading("failed", str(image or ""), str(error))


def measured(facts: ImageFacts) -> dict[str, Any]:
    """What takes the room, bytes by part, beside the file itself; or why the parts are not known."""
    parts = break_down(facts)
    if isinstance(parts, Unread):
        return {"parts": {"size-total": facts.size}, "unread": parts.reason}
    return {"parts": {part.name: part.bytes for part in parts}}


def _taken(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
