"""Python caldav: find one's calendars, make one, fill it, ask for a span of time, follow changes
with a sync token."""

import datetime
import uuid

import caldav

from peer import TOKEN, URL, USER, expect


def instant(day, hour):
    return datetime.datetime(2027, 5, day, hour, tzinfo=datetime.timezone.utc)


def main():
    with caldav.DAVClient(url=URL + "/dav/", username=USER, password=TOKEN) as client:
        principal = client.principal()
        expect(USER in str(principal.url), "the principal is found from /dav/", principal.url)
        name = f"caldav {uuid.uuid4().hex[:8]}"
        calendar = principal.make_calendar(name=name, cal_id=name.replace(" ", "-"))
        found = {other.get_display_name() for other in principal.calendars()}
        expect(name in found, "a calendar made with a name is listed under it", found)

        single = calendar.add_event(dtstart=instant(3, 9), dtend=instant(3, 10), summary="Once")
        calendar.add_event(dtstart=instant(1, 12), dtend=instant(1, 13), summary="Every day",
                           rrule={"FREQ": "DAILY", "COUNT": 20})
        calendar.add_event(dtstart=datetime.date(2027, 5, 30), dtend=datetime.date(2027, 5, 31), summary="A whole day")

        def titles(start, end, **further):
            answer = calendar.search(start=start, end=end, event=True, **further)
            return sorted(str(each.icalendar_component["SUMMARY"]) for each in answer)

        seen = titles(instant(3, 0), instant(4, 0))
        expect(seen == ["Every day", "Once"], "a search finds the single event and the recurring one", seen)
        seen = titles(instant(3, 10), instant(3, 12))
        expect(seen == [], "an event that ends when the span starts is not in it", seen)
        seen = titles(instant(21, 0), instant(29, 0))
        expect(seen == [], "nor a recurring one that is over", seen)
        seen = titles(instant(2, 0), instant(5, 0), expand=True)
        expect(seen == ["Every day"] * 3 + ["Once"], "expanded, it is there once a day", seen)

        first = calendar.objects_by_sync_token(load_objects=True)
        expect(len(list(first)) == 3, "the first sync gives all three", list(first))
        single.icalendar_component["SUMMARY"] = "Once, renamed"
        single.save()
        added = calendar.add_event(dtstart=instant(8, 9), dtend=instant(8, 10), summary="New")
        later = calendar.objects_by_sync_token(sync_token=first.sync_token, load_objects=True)
        seen = sorted(str(each.icalendar_component["SUMMARY"]) for each in later)
        expect(seen == ["New", "Once, renamed"], "the next gives what changed, and only that", seen)
        added.delete()
        gone = calendar.objects_by_sync_token(sync_token=later.sync_token)
        expect([str(each.url) for each in gone] == [str(added.url)], "and a deletion as the address that is gone",
               [str(each.url) for each in gone])

        again = calendar.event_by_url(single.url)
        expect(str(again.icalendar_component["SUMMARY"]) == "Once, renamed", "an event is read by its address")
        calendar.delete()
        found = {other.get_display_name() for other in principal.calendars()}
        expect(name not in found, "a deleted calendar is listed no more", found)


main()
