//! Guarded statements by themselves: each moves only what stands as it was judged, or says that it did not. What is
//! judged before under a lock makes most of this impossible; the guards hold when a lock is missing.

mod locks;
mod stage;

use entity::{
    Email, Error, Seats, event,
    job::{JobState, Outcome, complete, lane::BACK_OFF_MAX},
    seats::{Served, end_turns},
    ticket::{self, Grant, Live, Model, TicketStatus},
    waitlist::{self, Chosen, Waiting},
};
use tests::both_databases;
use uuid::Uuid;

use stage::{ACTOR, Stage};

fn is_guarded(result: &Result<(), Error>) -> bool {
    matches!(result, Err(Error::Guard { .. }))
}

fn owner(email: &str) -> Email {
    Email::parse(email).unwrap()
}

both_databases! {
    async fn seats_are_taken_only_while_they_are_there(world: &mut World) {
        let stage = Stage::set(world).await;
        let (tx, now) = (stage.begin().await, stage.now());
        let event = stage.event(&tx).await;
        assert_eq!((event.capacity, event.available_spots), (3, 0));
        assert!(is_guarded(&Seats::of(&tx, event.clone(), &ACTOR, now).take(1)), "none is free");
        assert!(is_guarded(&Seats::of(&tx, event.clone(), &ACTOR, now).give_back(4)), "so many there are not");

        // As it was read before others took the seats.
        let stale = event::Model { available_spots: 3, ..event.clone() };
        let mut seats = Seats::of(&tx, stale.clone(), &ACTOR, now);
        seats.take(1).unwrap();
        assert!(is_guarded(&seats.save().await));
        let mut seats = Seats::of(&tx, stale, &ACTOR, now);
        seats.take(1).unwrap();
        assert!(is_guarded(&end_turns(tx.writes(), &[Served { seats, is_over: true }]).await));

        // As it was read before it got another size.
        let smaller = event::Model { capacity: 2, ..event };
        let mut seats = Seats::of(&tx, smaller.clone(), &ACTOR, now);
        seats.give_back(1).unwrap();
        assert!(is_guarded(&seats.save().await));
        let mut seats = Seats::of(&tx, smaller, &ACTOR, now);
        seats.give_back(1).unwrap();
        assert!(is_guarded(&end_turns(tx.writes(), &[Served { seats, is_over: true }]).await));
        tx.rollback().await.unwrap();
        stage.end().await;
    }

    async fn a_ticket_moves_only_from_the_state_that_was_judged(world: &mut World) {
        let stage = Stage::set(world).await;
        let (tx, now) = (stage.begin().await, stage.now());
        let [held, other, .., waiting] = &stage.tickets[..] else { panic!("four tickets") };
        let later = held.expires_at.unwrap();
        assert!(ticket::confirm(&tx, &[held.id], later).await.unwrap().is_empty(), "it ran out");
        assert!(ticket::confirm(&tx, &[waiting.id], now).await.unwrap().is_empty(), "it waits");
        assert!(!ticket::cancel(&tx, held, later).await.unwrap(), "it ran out");
        let stale = Model { status: TicketStatus::Confirmed, ..held.clone() };
        assert!(!ticket::cancel(&tx, &stale, now).await.unwrap(), "its seats would be given back for another state");
        let door = owner("organizer@example.org");
        assert!(!ticket::check_in(&tx, held.id, &door, "n", now).await.unwrap(), "it is not confirmed");
        assert!(!ticket::undo_check_in(&tx, held.id).await.unwrap(), "nobody let it in");
        assert!(!ticket::extend(&tx, held.id, &owner("p0@x.org"), later + 1, 9, now).await.unwrap(), "somebody waits");

        let chosen = |ticket: &Model| {
            vec![Chosen { who: Waiting { seq: ticket.seq, id: ticket.id, party_size: 1 }, free: 1 }]
        };
        assert!(is_guarded(&waitlist::promote(&tx, &chosen(held), later, now).await), "it does not wait");
        assert_eq!(ticket::confirm(&tx, &[held.id], now).await.unwrap().len(), 1);
        assert!(ticket::cancel(&tx, other, now).await.unwrap());
        let live = [Live { seq: other.seq, id: other.id, status: other.status, party_size: 1 }];
        assert!(is_guarded(&ticket::cancel_all(&tx, &live, now).await), "it is cancelled");
        assert!(!ticket::cancel(&tx, other, now).await.unwrap(), "twice");
        assert!(ticket::expire_due(&tx, stage.event_id, later - 1, 9).await.unwrap().is_empty(), "none ran out yet");
        assert_eq!(ticket::expire_due(&tx, stage.event_id, later, 9).await.unwrap().len(), 1, "neither of those two");
        tx.rollback().await.unwrap();
        stage.end().await;
    }

    async fn only_the_owner_s_statement_finds_the_ticket(world: &mut World) {
        let stage = Stage::set(world).await;
        let (tx, now) = (stage.begin().await, stage.now());
        let (id, later) = (stage.tickets[0].id, stage.tickets[0].expires_at.unwrap() + 1);
        // Nobody waits any more, so that only the owner stands in the way.
        assert!(ticket::cancel(&tx, &stage.tickets[3], now).await.unwrap());
        assert!(!ticket::extend(&tx, id, &owner("p1@x.org"), later, 2, now).await.unwrap());
        assert!(!ticket::extend(&tx, id, &owner("p0@x.org"), later, 0, now).await.unwrap(), "too often");
        assert!(!ticket::extend(&tx, id, &owner("p0@x.org"), later, 2, later).await.unwrap(), "it ran out");
        assert!(ticket::extend(&tx, id, &owner("p0@x.org"), later, 2, now).await.unwrap());
        assert!(!ticket::rename(&tx, id, &owner("p1@x.org"), "Eve").await.unwrap());
        assert!(ticket::rename(&tx, id, &owner("p0@x.org"), "Ada").await.unwrap());
        tx.rollback().await.unwrap();
        stage.end().await;
    }

    async fn a_job_is_decided_once_and_a_person_has_one_ticket(world: &mut World) {
        let stage = Stage::set(world).await;
        let now = stage.now();
        let seq = world.number("SELECT min(seq) AS n FROM job").await;
        let tx = stage.begin().await;
        let mut writes = tx.writes();
        complete::settle_granted(&mut writes, &[seq], Outcome::Reserved, now);
        assert!(is_guarded(&writes.run().await), "it is decided");
        let mut writes = tx.writes();
        complete::settle_granted(&mut writes, &[seq], Outcome::Reserved, now);
        let event = stage.event(&tx).await;
        let served = [Served { seats: Seats::of(&tx, event, &ACTOR, now), is_over: true }];
        assert!(is_guarded(&end_turns(writes, &served).await), "nor together with something that is right");
        assert!(!complete::record_fault(&tx, seq, 1, JobState::Pending, now, "late").await.unwrap(), "it is decided");
        let event = stage.event(&tx).await;
        let stale = event::Model { version: event.version - 1, ..event };
        assert!(is_guarded(&event::update(&tx, &stale, now).await), "somebody else edited it");
        // Person 3 asked again, and was refused.
        let seq = world.number("SELECT max(seq) AS n FROM job").await;
        let (id, status) = (Uuid::now_v7(), TicketStatus::Reserved);
        let second = Grant { seq, id, status, expires_at: Some(now + 1) };
        let mut writes = tx.writes();
        ticket::insert(&mut writes, &[second], now);
        assert!(writes.run().await.is_err(), "one active ticket for each person");
        tx.rollback().await.unwrap();
        stage.end().await;
    }

    async fn a_job_that_backs_off_is_left_alone_for_as_long_as_jobs_do(world: &mut World) {
        let stage = Stage::set(world).await;
        // The last one was put off by a clock that was set back since: no job waits for so long.
        for (wait, is_due) in [(0, true), (1, false), (BACK_OFF_MAX, false), (BACK_OFF_MAX + 1, true)] {
            assert_eq!(stage.register(&format!("late{wait}@x.org"), "k").await.status, 202);
            let run_at = stage.now() + wait;
            world.execute(&format!("UPDATE job SET attempt = 1, run_at = {run_at} WHERE state = 'pending'")).await;
            let pending = "SELECT count(*) AS n FROM job WHERE state = 'pending'";
            // Whoever looks first, and whoever does not.
            for look in [true, false] {
                stage.service.settle(0, 500, 500, look).await;
                assert_eq!(world.number(pending).await, i64::from(!is_due), "{wait} ms, looking first: {look}");
            }
            stage.service.time.advance(1).await;
            world.execute("UPDATE job SET run_at = 0 WHERE state = 'pending'").await;
            stage.service.settle(0, 500, 500, true).await;
        }
        stage.end().await;
    }
}
