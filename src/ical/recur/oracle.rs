//! Random rules against the `rrule` crate, which shares no code with ours.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "tests")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::value::{CalDateTime, LocalTime};
use super::*;

fn part<T: ToString>(name: &str, values: &[T]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    if values.is_empty() {
        String::new()
    } else {
        format!(";{name}={}", values.join(","))
    }
}

fn weekdays() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(vec!["MO", "TU", "WE", "TH", "FR", "SA", "SU"], 0..4)
}

/// A number and a weekday.
fn nth_weekdays() -> impl Strategy<Value = Vec<String>> {
    vec(
        (
            select(vec![-2, -1, 1, 2, 3, 5]),
            select(vec!["MO", "WE", "SA", "SU"]),
        ),
        0..3,
    )
    .prop_map(|days| {
        days.into_iter()
            .map(|(nth, day)| format!("{nth}{day}"))
            .collect()
    })
}

fn month_days() -> impl Strategy<Value = Vec<i8>> {
    vec(prop_oneof![1..=31_i8, -31..=-1_i8], 0..3)
}

/// Parts that every frequency takes.
fn common() -> impl Strategy<Value = String> {
    let months = subsequence((1..=12_u8).collect::<Vec<_>>(), 0..4);
    let hours = subsequence(vec![0_u8, 6, 9, 17, 23], 0..3);
    let minutes = subsequence(vec![0_u8, 15, 30, 59], 0..3);
    (
        1..5_u32,
        months,
        hours,
        minutes,
        select(vec!["MO", "SU", "TH"]),
    )
        .prop_map(|(interval, months, hours, minutes, week_start)| {
            format!(
                ";INTERVAL={interval};WKST={week_start}{}{}{}",
                part("BYMONTH", &months),
                part("BYHOUR", &hours),
                part("BYMINUTE", &minutes)
            )
        })
}

/// Parts that say which days.
fn rule() -> impl Strategy<Value = String> {
    let set_pos = || option::of(select(vec![-3_i16, -1, 1, 2, 4]));
    let yearly = (
        nth_weekdays(),
        weekdays(),
        month_days(),
        vec(prop_oneof![1..=366_i16, -366..=-1_i16], 0..3),
    )
        .prop_map(|(nth, days, month_days, year_days)| {
            let nth = part("BYDAY", &nth);
            let days = if nth.is_empty() {
                part("BYDAY", &days)
            } else {
                nth
            };
            format!(
                "FREQ=YEARLY{days}{}{}",
                part("BYMONTHDAY", &month_days),
                part("BYYEARDAY", &year_days)
            )
        });
    let by_week =
        (vec(prop_oneof![1..=53_i8, -53..=-1_i8], 1..3), weekdays()).prop_map(|(weeks, days)| {
            let days = if days.is_empty() { vec!["TU"] } else { days };
            format!(
                "FREQ=YEARLY{}{}",
                part("BYWEEKNO", &weeks),
                part("BYDAY", &days)
            )
        });
    let monthly = (nth_weekdays(), month_days()).prop_map(|(nth, days)| {
        format!(
            "FREQ=MONTHLY{}{}",
            part("BYDAY", &nth),
            part("BYMONTHDAY", &days)
        )
    });
    let weekly = weekdays().prop_map(|days| format!("FREQ=WEEKLY{}", part("BYDAY", &days)));
    let daily = (weekdays(), month_days()).prop_map(|(days, month_days)| {
        format!(
            "FREQ=DAILY{}{}",
            part("BYDAY", &days),
            part("BYMONTHDAY", &month_days)
        )
    });
    let hourly = weekdays().prop_map(|days| format!("FREQ=HOURLY{}", part("BYDAY", &days)));
    let minutely = weekdays().prop_map(|days| format!("FREQ=MINUTELY{}", part("BYDAY", &days)));
    let which = prop_oneof![yearly, by_week, monthly, weekly, daily, hourly, minutely];
    (which, common(), set_pos()).prop_map(|(which, common, set_pos)| {
        // Without a set to take from, the position is refused by the other.
        let has_set = which.contains(";BY") || common.contains(";BY");
        // A week of two years makes the two disagree on which set a position counts in.
        let set_pos = set_pos.filter(|_| !which.contains("BYWEEKNO"));
        let set_pos = set_pos
            .filter(|_| has_set)
            .map(|at| format!(";BYSETPOS={at}"));
        format!("{which}{common}{}", set_pos.unwrap_or_default())
    })
}

fn ours(start: LocalTime, rule: &str, limit: usize) -> Option<Vec<String>> {
    let rule = Recur::parse(rule).unwrap();
    let mut dates = RuleDates::new(&rule, start);
    let mut fuel = Fuel::new(3_000_000);
    let mut found = Vec::new();
    while found.len() < limit {
        match dates.next(&mut fuel) {
            Step::At(at) => found.push(at.to_civil().strftime("%Y%m%dT%H%M%S").to_string()),
            Step::End => break,
            Step::Exhausted => return None,
        }
    }
    Some(found)
}

/// What both lists can say something about: each was cut at 40 before days were left out.
fn common_prefix(found: &mut Vec<String>, expected: &mut Vec<String>) {
    let both = found.len().min(expected.len());
    found.truncate(both);
    expected.truncate(both);
}

/// A date behind the first period of a rule whose interval is at most 4.
fn behind_first_period(start: LocalTime, rule: &str) -> String {
    let days = match rule.split(';').next().unwrap_or_default() {
        "FREQ=YEARLY" => 366,
        "FREQ=MONTHLY" => 31,
        "FREQ=WEEKLY" => 7,
        _ => 1,
    };
    let behind = LocalTime(start.0 + 5 * days * 86_400);
    behind.to_civil().strftime("%Y%m%dT%H%M%S").to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_125), ..ProptestConfig::default() })]

    #[test]
    fn another_expander_finds_the_same(rule in rule(), day in 0..4000_i64, second in select(vec![0_i64, 32_400, 63_000, 86_340])) {
        let start = LocalTime((10_000 + day) * 86_400 + second);
        let dtstart = CalDateTime::Utc(start.to_civil());
        let text = format!("DTSTART:{dtstart}\nRRULE:{rule};UNTIL=20450101T000000Z");
        // What the other refuses (a position without a set, for one) is not compared.
        if let Ok(theirs) = text.parse::<rrule::RRuleSet>() {
            let found = theirs.all(40);
            let mut expected: Vec<String> = found.dates.iter().map(|at| at.format("%Y%m%dT%H%M%S").to_string()).collect();
            // Within a day it loses instances when a rule leaves out long spans; what it finds
            // must be right.
            let is_sparse = rule.contains("HOURLY") || rule.contains("MINUTELY");
            let limit = if is_sparse { 4000 } else { 40 };
            if let Some(mut found) = ours(start, &format!("{rule};UNTIL=20450101T000000Z"), limit) {
                if is_sparse {
                    found.retain(|at| expected.contains(at));
                }
                if rule.contains("BYWEEKNO") {
                    // A week can lie in two years. Of such days the other forgets some (2002-01-01
                    // in week 52 of 2001, weeks beginning on Thursday); ISO 8601 has them.
                    let inside = |at: &String| ("0105".."1228").contains(&&at[4..8]);
                    found.retain(inside);
                    expected.retain(inside);
                    common_prefix(&mut found, &mut expected);
                }
                if rule.contains("BYSETPOS") {
                    // In the first period the other counts positions only from DTSTART on; RFC 5545
                    // §3.3.10 counts them in the whole period.
                    let from = behind_first_period(start, &rule);
                    found.retain(|at| *at >= from);
                    expected.retain(|at| *at >= from);
                    common_prefix(&mut found, &mut expected);
                }
                prop_assert_eq!(found, expected, "{}", text);
            }
        }
    }

    #[test]
    fn no_text_breaks_the_parser(text in "(FREQ=(DAILY|YEARLY|SECONDLY))?[;=,A-Z0-9+-]{0,60}") {
        if let Ok(rule) = Recur::parse(&text) {
            let mut dates = RuleDates::new(&rule, LocalTime(0));
            dates.jump(LocalTime(1_800_000_000));
            let mut fuel = Fuel::new(5000);
            while let Step::At(_) = dates.next(&mut fuel) {}
        }
    }
}
