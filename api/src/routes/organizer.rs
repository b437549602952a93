//! What the organizer of an event, and administrators, see of it: who comes, who waits, what happened.

use std::sync::Arc;

use entity::{
    Database, Error, analytics,
    attendees::{self, Filter},
    event::{self, Managed},
};
use poem::{Body, IntoResponse, Response, http::Uri, web::Data};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::Path,
    registry::{MetaMediaType, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
};
use uuid::Uuid;

use super::Tag;
use crate::{
    app::App,
    export::Export,
    http::{
        accept::Format,
        caller::{As, Caller, Organizer},
        fields::path_id,
        json::Json,
        pages::{Page, cut, header, rows_for},
        parameters::Limit,
        problem::{Code, Problem},
        query::{Search, SeqCursor, Wanted},
    },
    views::{
        Analytics, AnalyticsPoint, Attendee, AttendeePage, Interval, OutcomeCounts, TicketStatus, WaitingAttendee,
        WaitlistPage,
    },
};

pub(super) struct Organizers;

const CSV: &str = "text/csv; charset=utf-8; header=present";

/// A page, or the whole list as CSV.
enum Listed {
    Page(Page<AttendeePage>),
    Csv(Uuid, Body),
}

/// Points of analytics at most.
const POINTS_MAX: u32 = 1000;

#[OpenApi(tag = "Tag::Events")]
impl Organizers {
    /// Lists an event's attendees
    ///
    /// Everybody with a ticket, whatever became of it, in the order of issue. `q` finds those whose name or e-mail
    /// contains it, `status` those whose ticket is in this state now. With `Accept: text/csv` the whole list comes as
    /// CSV, without pages; texts that a spreadsheet would take for a formula begin with an apostrophe there. For the
    /// event's organizer and administrators.
    #[oai(path = "/events/:id/attendees", method = "get", operation_id = "listAttendees")]
    async fn attendees(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        format: Format,
        /// Part of a name or an e-mail, in capitals or not.
        q: Search,
        /// What the ticket reads as now.
        status: Wanted<TicketStatus>,
        limit: Limit,
        cursor: SeqCursor,
        id: Path<String>,
        uri: &Uri,
    ) -> Result<Listed, Problem> {
        let event = managed(&app, &id, &caller.0).await?;
        let filter = Filter { status: status.0.map(Into::into), search: q.0 };
        let (database, event_id, now) = (app.database.clone(), event.id, app.database.now().await?);
        if format == Format::Csv {
            let export = Export { database, long_reads: app.long_reads.clone(), event_id, filter, now };
            return Ok(Listed::Csv(event_id, Body::from_bytes_stream(export.stream().await?)));
        }
        let rows = rows_for(limit);
        let read = async move { attendees::list(database.reader(), event_id, &filter, now, cursor.0, rows).await };
        let mut tickets = app.long_reads.soon(read).await?;
        let next_cursor = cut(&mut tickets, limit, |ticket| SeqCursor::write(ticket.seq));
        let data = tickets.iter().map(|ticket| Attendee::at(ticket, now)).collect();
        Ok(Listed::Page(Page::new(uri, next_cursor.clone(), AttendeePage { data, next_cursor })))
    }

    /// Lists an event's waitlist
    ///
    /// Those who wait for seats, the first in line first. For the event's organizer and administrators.
    #[oai(path = "/events/:id/waitlist", method = "get", operation_id = "listWaitlist")]
    async fn waitlist(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        limit: Limit,
        cursor: SeqCursor,
        id: Path<String>,
        uri: &Uri,
    ) -> Result<Page<WaitlistPage>, Problem> {
        let event = managed(&app, &id, &caller.0).await?;
        let mut line = attendees::line(app.database.reader(), event.id, cursor.0, rows_for(limit)).await?;
        let next_cursor = cut(&mut line, limit, |waiting| SeqCursor::write(waiting.ticket.seq));
        let data = line.into_iter().map(WaitingAttendee::from).collect();
        Ok(Page::new(uri, next_cursor.clone(), WaitlistPage { data, next_cursor }))
    }

    /// Tells what happened to an event
    ///
    /// In numbers, over time and in all. Without `interval` it is the shortest that shows everything in at most 200
    /// points, or a day. For the event's organizer and administrators.
    #[oai(path = "/events/:id/analytics", method = "get", operation_id = "getAnalytics")]
    async fn analytics(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        /// How much time a point stands for.
        interval: Wanted<Interval>,
        id: Path<String>,
    ) -> Result<Json<Analytics>, Problem> {
        let event = managed(&app, &id, &caller.0).await?;
        Ok(Json(app.long_reads.soon(analyse(app.database.clone(), event, interval.0)).await?))
    }
}

/// What happened to the event.
async fn analyse(database: Database, event: event::Model, interval: Option<Interval>) -> Result<Analytics, Error> {
    let (reader, now) = (database.reader(), database.now().await?);
    let interval = match interval {
        Some(interval) => interval,
        None => Interval::fitting(analytics::span(reader, event.id, now).await?),
    };
    let mut points = analytics::points(reader, event.id, interval.length(), now, POINTS_MAX + 1).await?;
    let has_earlier = points.len() > POINTS_MAX as usize;
    points.truncate(POINTS_MAX as usize);
    let seated = analytics::seated(reader, event.id).await?;
    Ok(Analytics {
        event_id: event.id,
        interval,
        points: points.into_iter().rev().map(|point| AnalyticsPoint::new(point, interval)).collect(),
        has_earlier,
        outcomes: OutcomeCounts::new(analytics::outcomes(reader, event.id).await?),
        confirmation_ratio: ratio(seated.confirmed, seated.held),
        sold_out_after_seconds: sold_out_after_seconds(&event),
    })
}

/// The event, if the caller may manage it.
async fn managed(app: &App, id: &str, caller: &Caller) -> Result<event::Model, Problem> {
    let id = path_id(id).ok_or(Code::NotFound)?;
    match event::find_for_manager(app.database.reader(), id, &caller.viewer()).await? {
        Managed::Yours(event) => Ok(event),
        Managed::Others => Err(Code::Forbidden.into()),
        Managed::Hidden => Err(Code::NotFound.into()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// How long the last free seat lasted after people could first register.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of some years")]
fn sold_out_after_seconds(event: &event::Model) -> Option<f64> {
    let visible_at = event.published_at.unwrap_or(event.created_at);
    let open_at = event.registration_opens_at.map_or(visible_at, |opens_at| opens_at.max(visible_at));
    event.sold_out_at.map(|at| (at - open_at).max(0) as f64 / 1000.0)
}

/// Named after the event's id: its name is anybody's text.
fn file_name(event_id: Uuid) -> String {
    format!("attachment; filename=\"attendees-{event_id}.csv\"")
}

impl IntoResponse for Listed {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => page.into_response(),
            Self::Csv(event_id, body) => {
                Response::builder().content_type(CSV).header("Content-Disposition", file_name(event_id)).body(body)
            }
        }
        .with_header("Vary", "Accept")
        .into_response()
    }
}

impl ApiResponse for Listed {
    fn meta() -> MetaResponses {
        let mut meta = Page::<AttendeePage>::meta();
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")));
        for response in &mut meta.responses {
            response.content.push(MetaMediaType { content_type: "text/csv", schema: schema.clone() });
            response.headers.push(header("CONTENT-DISPOSITION"));
        }
        meta
    }

    fn register(registry: &mut Registry) {
        Page::<AttendeePage>::register(registry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_nothing_is_no_ratio() {
        assert_eq!(ratio(0, 0), None);
        assert_eq!(ratio(1, 4), Some(0.25));
    }
}
