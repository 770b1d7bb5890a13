//! The card leaves the field: at every exchange, and at every pair of them.

use crate::support::{again, can, config, make, mrz, read, short};

#[test]
#[expect(clippy::print_stdout, reason = "the counts are part of what is shown")]
fn card_lost_at_any_exchange_is_read_on_where_it_was() {
    let made = make("{}");
    let bac = make(r#"{"pace_refused": "select"}"#);
    let mut runs = 0;
    for (made, config) in [(&made, (|| config(can())) as fn() -> _), (&made, || short(can())), (&bac, || config(mrz()))]
    {
        let count = read(config(), made).trace().len();
        for at in 0..count {
            let reader = read(config(), &again(made, |quirks| quirks.tag_loss_at = vec![at]));
            assert_eq!(reader.trace().iter().filter(|entry| entry.status.is_none()).count(), 1);
            runs += 1;
        }
    }
    println!("{runs} readings with one loss each");
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are part of what is shown")]
fn card_lost_at_any_two_exchanges_is_read_on_where_it_was() {
    let made = make("{}");
    let count = read(config(can()), &made).trace().len();
    let mut runs = 0;
    for first in 0..count {
        // The second loss may come on the way back in.
        for second in first + 1..count + 8 {
            read(config(can()), &again(&made, |quirks| quirks.tag_loss_at = vec![first, second]));
            runs += 1;
        }
    }
    println!("{runs} readings with two losses each");
}
