//! The rules of RFC 5545 §3.8.5.3 and of §3.3.10, as the standard lists them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::super::value::LocalTime;
use super::*;

fn local(text: &str) -> LocalTime {
    super::super::value::CalDateTime::parse(text, None)
        .unwrap()
        .local()
}

/// At most `limit` readings, `COUNT` respected.
fn readings(start: &str, rule: &str, limit: usize) -> Vec<String> {
    let rule = Recur::parse(rule).unwrap();
    let mut dates = RuleDates::new(&rule, local(start));
    let mut fuel = Fuel::default();
    let limit = rule.count.map_or(limit, |count| limit.min(count as usize));
    let next = || match dates.next(&mut fuel) {
        Step::At(at) => Some(at.to_civil().strftime("%Y%m%dT%H%M").to_string()),
        Step::End => None,
        Step::Exhausted => panic!("out of fuel"),
    };
    std::iter::from_fn({
        let mut next = next;
        move || next()
    })
    .take(limit)
    .collect()
}

/// `1997 0902 0903 1998 0101`: a year holds for the days that follow.
fn days(text: &str) -> Vec<String> {
    let mut year = "";
    let mut days = Vec::new();
    for word in text.split_whitespace() {
        if let Some((day, time)) = word.split_once('T') {
            days.push(format!("{year}{day}T{time}"));
        } else if days.is_empty() && year.is_empty() || is_year(word) {
            year = word;
        } else {
            days.push(format!("{year}{word}T0900"));
        }
    }
    days
}

fn is_year(word: &str) -> bool {
    word.starts_with("19") || word.starts_with("20")
}

/// RFC 5545 §3.8.5.3: start, rule, and what it says.
const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "19970902",
        "FREQ=DAILY;COUNT=10",
        "1997 0902 0903 0904 0905 0906 0907 0908 0909 0910 0911",
    ),
    (
        "19970902",
        "FREQ=DAILY;INTERVAL=2",
        "1997 0902 0904 0906 0908",
    ),
    (
        "19970902",
        "FREQ=DAILY;INTERVAL=10;COUNT=5",
        "1997 0902 0912 0922 1002 1012",
    ),
    (
        "19970902",
        "FREQ=WEEKLY;COUNT=10",
        "1997 0902 0909 0916 0923 0930 1007 1014 1021 1028 1104",
    ),
    (
        "19970902",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
        "1997 0902 0916 0930 1014 1028 1111 1125 1209 1223",
    ),
    (
        "19970902",
        "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
        "1997 0902 0904 0909 0911 0916 0918 0923 0925 0930 1002",
    ),
    (
        "19970902",
        "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
        "1997 0902 0904 0909 0911 0916 0918 0923 0925 0930 1002",
    ),
    (
        "19970901",
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
        "1997 0901 0903 0905 0915 0917 0919 0929 1001 1003 1013 1015 1017 1027 1029 1031 1110 \
             1112 1114 1124 1126 1128 1208 1210 1212 1222",
    ),
    (
        "19970902",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        "1997 0902 0904 0916 0918 0930 1002 1014 1016",
    ),
    (
        "19970905",
        "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
        "1997 0905 1003 1107 1205 1998 0102 0206 0306 0403 0501 0605",
    ),
    (
        "19970905",
        "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
        "1997 0905 1003 1107 1205",
    ),
    (
        "19970907",
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "1997 0907 0928 1102 1130 1998 0104 0125 0301 0329 0503 0531",
    ),
    (
        "19970922",
        "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        "1997 0922 1020 1117 1222 1998 0119 0216",
    ),
    (
        "19970928",
        "FREQ=MONTHLY;BYMONTHDAY=-3",
        "1997 0928 1029 1128 1229 1998 0129 0226",
    ),
    (
        "19970902",
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
        "1997 0902 0915 1002 1015 1102 1115 1202 1215 1998 0102 0115",
    ),
    (
        "19970930",
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        "1997 0930 1001 1031 1101 1130 1201 1231 1998 0101 0131 0201",
    ),
    (
        "19970910",
        "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        "1997 0910 0911 0912 0913 0914 0915 1999 0310 0311 0312 0313",
    ),
    (
        "19970902",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
        "1997 0902 0909 0916 0923 0930 1104 1111 1118 1125 1998 0106 0113 0120 0127 0303",
    ),
    (
        "19970610",
        "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
        "1997 0610 0710 1998 0610 0710 1999 0610 0710 2000 0610 0710 2001 0610 0710",
    ),
    (
        "19970310",
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
        "1997 0310 1999 0110 0210 0310 2001 0110 0210 0310 2003 0110 0210 0310",
    ),
    (
        "19970101",
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "1997 0101 0410 0719 2000 0101 0409 0718 2003 0101 0410 0719 2006 0101",
    ),
    (
        "19970519",
        "FREQ=YEARLY;BYDAY=20MO",
        "1997 0519 1998 0518 1999 0517",
    ),
    (
        "19970512",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "1997 0512 1998 0511 1999 0517",
    ),
    (
        "19970313",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
        "1997 0313 0320 0327 1998 0305 0312 0319 0326 1999 0304 0311 0318 0325",
    ),
    (
        "19970605",
        "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
        "1997 0605 0612 0619 0626 0703 0710 0717 0724 0731 0807 0814 0821 0828 1998 0604",
    ),
    (
        "19970902",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "1998 0213 0313 1113 1999 0813 2000 1013",
    ),
    (
        "19970913",
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
        "1997 0913 1011 1108 1213 1998 0110 0207 0307 0411 0509 0613",
    ),
    (
        "19961105",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "1996 1105 2000 1107 2004 1102",
    ),
    (
        "19970904",
        "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
        "1997 0904 1007 1106",
    ),
    (
        "19970929",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "1997 0929 1030 1127 1230 1998 0129 0226 0330",
    ),
    (
        "19970902",
        "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000",
        "1997 0902T0900 0902T1200 0902T1500",
    ),
    (
        "19970902",
        "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
        "1997 0902T0900 0902T0915 0902T0930 0902T0945 0902T1000 0902T1015",
    ),
    (
        "19970902",
        "FREQ=MINUTELY;INTERVAL=90;COUNT=4",
        "1997 0902T0900 0902T1030 0902T1200 0902T1330",
    ),
    (
        "19970805",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        "1997 0805 0810 0819 0824",
    ),
    (
        "19970805",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        "1997 0805 0817 0819 0831",
    ),
    (
        "20070115",
        "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
        "2007 0115 0130 0215 0315 0330",
    ),
];

#[test]
fn the_examples_of_the_standard() {
    for (start, rule, expected) in EXAMPLES.iter().copied() {
        let expected = days(expected);
        let found = readings(&format!("{start}T090000"), rule, expected.len());
        assert_eq!(found, expected, "{rule}");
    }
}

#[test]
fn long_examples_have_the_right_number() {
    let count = |start, rule| readings(start, rule, 10_000).len();
    assert_eq!(
        count("19970902T090000", "FREQ=DAILY;UNTIL=19971224T000000Z"),
        113
    );
    assert_eq!(
        count("19970902T090000", "FREQ=WEEKLY;UNTIL=19971224T000000Z"),
        17
    );
    let january = "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1";
    let by_year = "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA";
    assert_eq!(
        readings("19980101T090000", january, 999),
        readings("19980101T090000", by_year, 999)
    );
    assert_eq!(count("19980101T090000", january), 93);
    let by_day = "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40";
    let by_minute = "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16";
    let start = "19970902T090000";
    assert_eq!(
        readings(start, by_day, 100),
        readings(start, by_minute, 100)
    );
}

#[test]
fn days_that_do_not_exist_are_skipped() {
    let from = |start, rule, expected| {
        let expected = days(expected);
        assert_eq!(readings(start, rule, expected.len()), expected, "{rule}");
    };
    from(
        "20240131T090000",
        "FREQ=MONTHLY",
        "2024 0131 0331 0531 0731",
    );
    from(
        "20240229T090000",
        "FREQ=YEARLY",
        "2024 0229 2028 0229 2032 0229",
    );
    from("18960229T090000", "FREQ=YEARLY", "1896 0229 1904 0229");
    from(
        "20240101T090000",
        "FREQ=YEARLY;BYYEARDAY=-1,366",
        "2024 1231 2025 1231",
    );
    from(
        "20200101T090000",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO",
        "2020 1228 2026 1228 2032 1227",
    );
    from(
        "20200106T090000",
        "FREQ=YEARLY;BYWEEKNO=2",
        "2020 0106 2021 0111",
    );
}

#[test]
fn a_rule_that_names_nothing_ends() {
    let rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30";
    assert_eq!(readings("20240101T090000", rule, 1), Vec::<String>::new());
    assert_eq!(
        readings("20240101T090000", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", 1).len(),
        0
    );
}

#[test]
fn dense_rules_run_out_of_fuel_and_do_not_hang() {
    for rule in [
        "FREQ=SECONDLY;BYMONTHDAY=30;BYMONTH=2",
        "FREQ=SECONDLY;BYSETPOS=2",
    ] {
        let rule = Recur::parse(rule).unwrap();
        let mut dates = RuleDates::new(&rule, local("20240101T090000"));
        let mut fuel = Fuel::new(200_000);
        assert_eq!(dates.next(&mut fuel), Step::Exhausted);
    }
}

#[test]
fn a_jump_lands_on_the_grid_of_the_start() {
    for rule in [
        "FREQ=SECONDLY;INTERVAL=7",
        "FREQ=MINUTELY;INTERVAL=13",
        "FREQ=HOURLY;INTERVAL=5",
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR",
        "FREQ=MONTHLY;INTERVAL=5",
        "FREQ=YEARLY;INTERVAL=3;BYMONTH=1,5",
    ] {
        let rule = Recur::parse(rule).unwrap();
        let start = local("20260101T003000");
        let target = start.plus(40 * 86_400 + 17);
        let after = |mut dates: RuleDates<'_>, fuel: &mut Fuel| loop {
            match dates.next(fuel) {
                Step::At(at) if at >= target => break at,
                Step::At(_) => {}
                other => panic!("{other:?}"),
            }
        };
        let walked = after(RuleDates::new(&rule, start), &mut Fuel::new(5_000_000));
        let mut jumping = RuleDates::new(&rule, start);
        jumping.jump(target);
        assert_eq!(after(jumping, &mut Fuel::new(2000)), walked, "{rule:?}");
    }
}

#[test]
fn slips_are_read_and_nonsense_is_refused_with_what_was_expected() {
    let rule = Recur::parse("freq=weekly; interval=2;;byday=mo, tu ;X-FOO=1;wkst=SU;").unwrap();
    assert_eq!(
        (rule.freq, rule.interval, rule.by_day.len(), rule.week_start),
        (Frequency::Weekly, 2, 2, 6)
    );
    for (text, expected) in [
        ("COUNT=1", "a rule with FREQ"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL as a number from 1"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH from 1 to 12"),
        (
            "FREQ=DAILY;BYMONTHDAY=0",
            "BYMONTHDAY from 1 to 31 or -31 to -1",
        ),
        ("FREQ=DAILY;BYDAY=XX", "BYDAY as MO, 1MO or -1MO"),
        (
            "FREQ=DAILY;UNTIL=soon",
            "UNTIL as 20271231 or 20271231T225959Z",
        ),
        (
            "RSCALE=CHINESE;FREQ=YEARLY",
            "a rule of the Gregorian calendar; no other RSCALE is supported",
        ),
    ] {
        assert_eq!(Recur::parse(text), Err(expected), "{text}");
    }
}
