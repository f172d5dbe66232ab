use std::time::{Duration, Instant};

use super::*;

/// Expressions that try to use up memory or time.
fn bombs() -> Vec<String> {
    let mut bombs: Vec<String> = [
        "'x' * 1000000000",
        "'x' * 100000 * 100000",
        "('x' * 1000) ~ ('y' * 1000000000)",
        "[0] * 1000000000",
        "range(1000000000)",
        "range(100000) | list | join('aaaaaaaaaaaaaaaaaaaaaaaa')",
        "'%1000000000d' | format(1)",
        "'a\\nb' | indent(1000000000)",
        "'a' | replace('a', 'aaaaaaaaaa' * 100) | replace('a', 'aaaaaaaaaa' * 100) | replace('a', 'aaaaaaaaaa' * 100)",
        "2 ** 100000",
        "range(100000) | map('string') | join(range(100000) | join)",
        "range(100000) | select('in', range(100000) | list) | list | length",
        "range(100000) | list | sort | reverse | list | unique | list",
        "(a * 20000) | regex_replace('(a?){50}(a){50}', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb')",
        "('a' * 9000) | regex_replace('a', '$0' * 900)",
        "a | regex_replace('(((a{100}){100}){100}){100}', '')",
        "a | ascii_fold | split('') | map('indent', 100000) | join",
        "range(1000000) | batch(1) | list",
        "range(1000000) | slice(1000000) | list",
        "dict(a=range(1000000) | list) | tojson",
        "range(100000) | list | pprint",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    bombs.push(format!("{}a{}", "(".repeat(4_000), ")".repeat(4_000)));
    bombs.push(format!("{}a", "not ".repeat(2_000)));
    bombs.push(format!("{}a", "-".repeat(9_000)));
    bombs.push(format!("a{}", " ~ a".repeat(2_000)));
    bombs.push(format!("a{}", "[0]".repeat(3_000)));
    bombs.push(format!("a{}", " | upper".repeat(1_200)));
    bombs.push(format!("{}a", "a if a else ".repeat(800)));
    bombs.push("a".repeat(20_000));
    // As deep as the limit on words and signs allows.
    bombs.push(format!("{}a", "not ".repeat(248)));
    bombs.push(format!("{}a", "-".repeat(248)));
    bombs.push(format!("a{}", " ~ a".repeat(124)));
    bombs.push(format!("a{}", "[0]".repeat(80)));
    bombs.push(format!("a{}", " | upper".repeat(120)));
    bombs.push(format!("{}a", "a if a else ".repeat(60)));
    bombs.push(format!("a{}", " or a".repeat(120)));
    bombs.push(format!("{}1{}", "[".repeat(120), "]".repeat(120)));
    bombs.push(format!("{}1{}", "[".repeat(24), "]".repeat(24)));
    bombs.push(format!("{}a{}", "(a | lower(".repeat(12), "))".repeat(12)));
    bombs
}

#[test]
fn no_expression_uses_up_time_or_memory() {
    // A quarter of the stack of a usual thread.
    let small = std::thread::Builder::new().stack_size(512 * 1024);
    small
        .spawn(try_bombs)
        .expect("a thread")
        .join()
        .expect("no bomb went off");
}

fn try_bombs() {
    for bomb in bombs() {
        let shown: String = bomb.chars().take(60).collect();
        let started = Instant::now();
        let mapping = with_basics(vec![expression("title", &["a"], &bomb)]);
        if let Ok(rules) = try_compile(&mapping) {
            let value = "a".repeat(10_000);
            let entry = ana(&[("a", &value)]);
            let title = desired(&entry, &rules)
                .resource
                .text("title")
                .map_or(0, str::len);
            assert!(title < 1_000_000, "{shown}: {title} bytes");
        }
        // Unoptimised and on a busy machine; the point is that nothing takes minutes.
        let took = started.elapsed();
        assert!(took < Duration::from_secs(3), "{shown}: {took:?}");
    }
}

#[test]
fn work_beyond_the_limit_is_refused_when_rules_are_checked() {
    let mapping = with_basics(vec![expression(
        "title",
        &["a"],
        "range(100000) | map('string') | join('x')",
    )]);
    let found = try_compile(&mapping).expect_err("too much work");
    assert!(found[0].message.contains("too much work"), "{found:?}");
}

#[test]
fn a_large_value_is_refused_by_a_pattern_rather_than_worked_on() {
    let value = "a".repeat(100_000);
    assert_eq!(
        evaluate("a | regex_replace('(a*)*b', '')", &[("a", &value)]),
        None
    );
}
