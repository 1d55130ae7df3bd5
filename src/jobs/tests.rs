//! The queue's arithmetic, tested with values.

use super::model::pause_secs;

#[test]
fn the_pause_doubles_up_to_an_hour() {
    assert_eq!(
        [1, 2, 3, 11, 12, 400].map(pause_secs),
        [2, 4, 8, 2_048, 3_600, 3_600]
    );
}
