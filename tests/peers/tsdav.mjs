// npm tsdav: discovers from the bare address, creates, queries a span of time, and is told 412
// when it updates what somebody else changed. FREEHOLD_URL, FREEHOLD_USER, FREEHOLD_TOKEN.
import { randomUUID } from 'node:crypto';
import { createDAVClient } from 'tsdav';

const { FREEHOLD_URL: serverUrl, FREEHOLD_USER: username, FREEHOLD_TOKEN: password } = process.env;

const expect = (held, sentence, seen) => {
  console.log(`${held ? 'ok      ' : 'FAILED  '}${sentence}`);
  if (held) return;
  console.log('        saw:', seen);
  process.exit(1);
};

const event = (uid, start, summary, ...further) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Freehold//tsdav test//EN', 'BEGIN:VEVENT', `UID:${uid}`,
    'DTSTAMP:20270101T000000Z', `DTSTART:${start}T090000Z`, `DTEND:${start}T100000Z`, `SUMMARY:${summary}`,
    ...further, 'X-FREEHOLD-TEST;X-ODD="a;b,c":kept', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');

const client = await createDAVClient({
  serverUrl,
  credentials: { username, password },
  authMethod: 'Basic',
  defaultAccountType: 'caldav',
});

const account = await client.createAccount({ account: { serverUrl, accountType: 'caldav' } });
expect(account.homeUrl?.includes(`/${username}/`), 'the calendar home is found from the bare address', account);

const name = `tsdav-${randomUUID().slice(0, 8)}`;
const url = new URL(`${name}/`, account.homeUrl).href;
await client.makeCalendar({ url, props: { displayname: 'Made by tsdav' } });
const calendar = (await client.fetchCalendars()).find((each) => each.url === url);
expect(calendar?.displayName === 'Made by tsdav', 'a calendar is made and listed', calendar);
expect(calendar.ctag || calendar.syncToken, 'it says where its history stands', calendar);

const create = async (filename, iCalString) =>
  (await client.createCalendarObject({ calendar, filename, iCalString })).status;
const once = event('once', '20270601', 'Once');
expect(await create('once.ics', once) === 201, 'an event is created');
expect(await create('daily.ics', event('daily', '20270501', 'Daily', 'RRULE:FREQ=DAILY')) === 201, 'and an endless one');
expect(await create('once.ics', once) === 412, 'a second creation under one name is refused');

const within = async (start, end) =>
  (await client.fetchCalendarObjects({ calendar, timeRange: { start, end } })).map((each) => each.url.split('/').pop()).sort();
expect(String(await within('2027-06-01T00:00:00Z', '2027-06-02T00:00:00Z')) === 'daily.ics,once.ics', 'a span of time finds both');
expect(String(await within('2037-06-02T08:00:00Z', '2037-06-02T09:30:00Z')) === 'daily.ics', 'ten years later it finds the endless one');
expect(String(await within('2027-04-01T00:00:00Z', '2027-04-02T00:00:00Z')) === '', 'before all of them it finds none');

const [mine] = await client.fetchCalendarObjects({ calendar, objectUrls: [`${url}once.ics`] });
expect(mine?.etag && mine.data.trim() === once.trim(), 'the event comes back unchanged, unknown property included', mine);
const update = async (etag, summary) =>
  (await client.updateCalendarObject({ calendarObject: { ...mine, etag, data: event('once', '20270601', summary) } })).status;
const first = await update(mine.etag, 'Changed');
expect(first === 204 || first === 200 || first === 201, 'an update with the current ETag is taken', first);
const stale = await update(mine.etag, 'Changed by somebody who did not look');
expect(stale === 412, 'an update with a stale ETag is refused with 412', stale);
const [now] = await client.fetchCalendarObjects({ calendar, objectUrls: [mine.url] });
expect(now.data.includes('SUMMARY:Changed\r\n') || now.data.includes('SUMMARY:Changed\n'), 'and changes nothing', now);

const gone = (await client.deleteCalendarObject({ calendarObject: mine })).status;
expect(gone === 412, 'so is a deletion with a stale ETag', gone);
const deleted = (await client.deleteObject({ url })).status;
expect(deleted === 204 || deleted === 200, 'the calendar can be deleted', deleted);
