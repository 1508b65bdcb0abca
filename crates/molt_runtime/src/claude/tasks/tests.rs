use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::super::tests::leaves_nothing;
use super::channel::{self, Case, Chosen, Received};
use super::*;

/// A task of native code.
fn task(rt: &mut Isolate, f: impl FnOnce(&mut Isolate) -> PyResult + 'static) -> Owned {
    promise::of_task(rt, Body::Native(Box::new(f))).expect("there is memory for a task")
}

fn value(rt: &mut Isolate, p: &Owned) -> PyResult {
    promise::await_value(rt, p.word(), Word::UNBOUND)
}

fn kind_of_error(rt: &mut Isolate) -> alloc::string::String {
    let e = rt.take_exception();
    let kind = super::super::error::error_field(rt, e.word(), "type").expect("fields are read");
    rt.str_text(kind.word()).expect("it is a string")
}

/// Runs a test inside of an isolate that tasks find; nothing is left when all have ended.
fn with_tasks(mut body: impl FnMut(&mut Isolate)) {
    leaves_nothing(|rt| {
        body(rt);
        ending::finish(rt);
        (rt.claude.tasks.ending, rt.claude.tasks.grace) = (false, None);
        assert_eq!(rt.claude.tasks.live, 0);
        assert!(rt.claude.tasks.ready.is_empty());
    });
}

#[test]
fn tasks_take_turns_in_the_order_in_which_they_are_ready() {
    with_tasks(|rt| {
        let log = Rc::new(RefCell::new(Vec::new()));
        let all: Vec<Owned> = (0..3)
            .map(|i| {
                let log = log.clone();
                task(rt, move |rt| {
                    for turn in 0..2 {
                        log.borrow_mut().push((turn, i));
                        give_way(rt)?;
                    }
                    Ok(Owned::small(i))
                })
            })
            .collect();
        for (i, p) in all.iter().enumerate() {
            assert_eq!(value(rt, p), Ok(Owned::small(i as i64)));
        }
        assert_eq!(*log.borrow(), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
    });
}

#[test]
fn a_value_goes_from_hand_to_hand_in_order() {
    with_tasks(|rt| {
        for room in [0, 2] {
            let ch = channel::new(rt, room).unwrap();
            let to = ch.clone();
            let sender = task(rt, move |rt| {
                for i in 0..5 {
                    assert_eq!(channel::send(rt, to.word(), Word::small(i), None), Ok(true));
                }
                channel::close(rt, to.word()).map(|()| Owned::NONE)
            });
            for i in 0..5 {
                match channel::receive(rt, ch.word(), None) {
                    Ok(Received::Value(v)) => assert_eq!(v, Owned::small(i)),
                    _ => panic!("there are five"),
                }
            }
            assert!(matches!(channel::receive(rt, ch.word(), None), Ok(Received::End)));
            assert_eq!(value(rt, &sender), Ok(Owned::NONE));
        }
    });
}

#[test]
fn who_waits_in_several_places_is_woken_once_and_forgotten_elsewhere() {
    with_tasks(|rt| {
        let (a, b) = (channel::new(rt, 0).unwrap(), channel::new(rt, 0).unwrap());
        let cases = [a.word(), b.word()].map(|channel| Case { channel, value: None });
        let to = b.clone();
        let sender = task(rt, move |rt| channel::send(rt, to.word(), Word::small(7), None).map(Owned::from_bool));
        assert!(
            matches!(channel::select(rt, &cases, false, None), Ok(Chosen::Case(1, v, true)) if v == Owned::small(7))
        );
        assert_eq!(value(rt, &sender), Ok(Owned::from_bool(true)));
        // Nobody is left in the queue of the other.
        assert_eq!(channel::try_send(rt, a.word(), Word::NONE), Ok(false));
        assert!(matches!(channel::select(rt, &cases, true, None), Ok(Chosen::Default)));
        assert!(matches!(channel::select(rt, &cases, false, Some(0)), Ok(Chosen::Timeout)));
    });
}

#[test]
fn waiting_for_ever_is_an_error_of_the_main_task() {
    with_tasks(|rt| {
        let ch = channel::new(rt, 0).unwrap();
        let from = ch.clone();
        let other = task(rt, move |rt| channel::receive(rt, from.word(), None).map(|_| Owned::NONE));
        assert!(value(rt, &other).is_err());
        assert_eq!(kind_of_error(rt), "deadlock");
    });
}

#[test]
fn a_cancelled_task_finds_out_where_it_waits() {
    with_tasks(|rt| {
        let sleeper = task(rt, |rt| sleep_until(rt, u64::MAX).map(|()| Owned::NONE));
        assert_eq!(give_way(rt), Ok(()));
        assert_eq!(promise::cancel_promise(rt, sleeper.word()), Ok(true));
        assert!(value(rt, &sleeper).is_err());
        assert_eq!(kind_of_error(rt), "cancelled");
        assert_eq!(promise::cancel_promise(rt, sleeper.word()), Ok(false));
    });
}

#[test]
fn timers_out_of_use_are_removed() {
    with_tasks(|rt| {
        let ch = channel::new(rt, 1).unwrap();
        let far = timers::after(1e6);
        for i in 0..1000 {
            let to = ch.clone();
            let sender = task(rt, move |rt| channel::send(rt, to.word(), Word::small(i), None).map(Owned::from_bool));
            assert!(matches!(channel::receive(rt, ch.word(), Some(far)), Ok(Received::Value(_))));
            assert_eq!(value(rt, &sender), Ok(Owned::from_bool(true)));
        }
        assert!(rt.claude.tasks.timers.len() <= 64, "{}", rt.claude.tasks.timers.len());
    });
}

#[test]
fn sleepers_wake_in_the_order_of_their_times() {
    with_tasks(|rt| {
        let log = Rc::new(RefCell::new(Vec::new()));
        let start = timers::after(0.0);
        let all: Vec<Owned> = [3, 1, 2]
            .map(|n: u64| {
                let log = log.clone();
                task(rt, move |rt| {
                    sleep_until(rt, start + n * 1_000_000)?;
                    log.borrow_mut().push(n);
                    Ok(Owned::NONE)
                })
            })
            .into();
        for p in &all {
            assert_eq!(value(rt, p), Ok(Owned::NONE));
        }
        assert_eq!(*log.borrow(), [1, 2, 3]);
    });
}

#[test]
fn stacks_and_numbers_of_tasks_are_used_again() {
    with_tasks(|rt| {
        for i in 0..100 {
            let p = task(rt, move |_| Ok(Owned::small(i)));
            assert_eq!(value(rt, &p), Ok(Owned::small(i)));
        }
        assert!(rt.claude.tasks.all.len() < 10);
    });
}
