"""vdirsyncer and khal as two devices of one person: what one makes, changes or deletes, the
other sees, and a sync with no change writes nothing."""

import os
import pathlib
import subprocess
import sys
import tempfile

from peer import TOKEN, URL, USER, expect, fresh_calendar, request, HOME

PROGRAMS = pathlib.Path(sys.executable).parent


class Device:
    """A folder of calendars that vdirsyncer syncs and khal edits."""

    def __init__(self, folder, calendar):
        self.events = folder / "calendars" / calendar
        self.events.mkdir(parents=True)
        self.environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
                            "XDG_CACHE_HOME": str(folder), "XDG_DATA_HOME": str(folder),
                            "LC_ALL": "C.UTF-8", "TZ": "Europe/Berlin"}
        self.sync_config = folder / "vdirsyncer.conf"
        self.sync_config.write_text(f"""
[general]
status_path = "{folder}/status/"
[pair work]
a = "here"
b = "freehold"
collections = ["{calendar}"]
[storage here]
type = "filesystem"
path = "{folder}/calendars"
fileext = ".ics"
[storage freehold]
type = "caldav"
url = "{URL}/"
username = "{USER}"
password = "{TOKEN}"
""")
        self.khal_config = folder / "khal.conf"
        self.khal_config.write_text(f"""
[calendars]
[[work]]
path = {self.events}
[locale]
local_timezone = Europe/Berlin
default_timezone = Europe/Berlin
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {folder}/khal.db
[default]
default_calendar = work
""")
        self.run("vdirsyncer", "-c", self.sync_config, "discover", answer="y\n" * 5)

    def run(self, program, *arguments, answer=None):
        done = subprocess.run([PROGRAMS / program, *map(str, arguments)], env=self.environment,
                              input=answer, text=True, capture_output=True, timeout=120)
        said = done.stdout + done.stderr
        expect(done.returncode == 0, f"{program} {arguments[2]} succeeds", said)
        return said

    def sync(self):
        return self.run("vdirsyncer", "-c", self.sync_config, "sync")

    def khal(self, *arguments):
        return self.run("khal", "-c", self.khal_config, *arguments)

    def listed(self, day="2027-03-01"):
        return self.khal("list", "--format", "{start-time}|{title}|{location}", day, "30d")


def main():
    calendar = fresh_calendar("vdirsyncer")
    with tempfile.TemporaryDirectory() as folder:
        first = Device(pathlib.Path(folder) / "first", calendar)
        second = Device(pathlib.Path(folder) / "second", calendar)

        first.khal("new", "-l", "Café Ö, Saal 3", "2027-03-02", "09:00", "10:00", "Bericht: „Größe“")
        first.khal("new", "-r", "weekly", "-u", "2027-03-25", "2027-03-04", "14:00", "15:00", "Every week")
        first.khal("new", "2027-03-05", "2027-03-07", "Three whole days")
        first.sync()
        second.sync()
        names = sorted(path.name for path in first.events.glob("*.ics"))
        expect(len(names) == 3, "khal made three events", names)
        expect(sorted(path.read_bytes() for path in second.events.glob("*.ics")) ==
               sorted(path.read_bytes() for path in first.events.glob("*.ics")),
               "the second device has the same three files, byte for byte")
        seen = second.listed()
        expect("09:00|Bericht: „Größe“|Café Ö, Saal 3" in seen, "khal shows title, time and place there", seen)
        expect(seen.count("Every week") == 3, "and the weekly event three times", seen)
        expect(seen.count("Three whole days") == 3, "and the whole days", seen)

        said = second.sync() + first.sync()
        expect("Copying" not in said and "Deleting" not in said, "a sync with no change writes nothing", said)

        changed = next(path for path in second.events.glob("*.ics") if "Größe" in path.read_text())
        # As bytes: read_text would turn the line ends of RFC 5545 into others.
        changed.write_bytes(changed.read_bytes().replace("Größe".encode(), "Höhe".encode()))
        second.sync()
        first.sync()
        seen = first.listed()
        expect("Bericht: „Höhe“" in seen and "Größe" not in seen, "a change on the second reaches the first", seen)

        next(path for path in first.events.glob("*.ics") if "Three whole days" in path.read_text()).unlink()
        first.sync()
        second.sync()
        seen = second.listed()
        expect("Three whole days" not in seen and "Every week" in seen, "so does a deletion, the other way", seen)
    status, _ = request("DELETE", f"{HOME}{calendar}/")
    expect(status in (200, 204), "the calendar can be deleted", status)


main()
