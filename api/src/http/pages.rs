//! Pages of lists: what is on one, and where the next one is.

use poem::{IntoResponse, Response, http::Uri};
use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaResponses, Registry},
    types::{ToJSON, Type},
};

use super::{
    json::Json,
    parameters::{Limit, query_value},
};

/// A page as an answer. `Link` says where the next one is, if there is one.
#[derive(Debug)]
pub(crate) struct Page<T> {
    body: T,
    link: Option<String>,
}

/// How many rows to ask for: one more than a page has tells whether there is another page.
pub(crate) fn rows_for(limit: Limit) -> u32 {
    limit.0 + 1
}

/// Cuts what was found down to one page. Returns the cursor of the next one, made from the last row, if there is one.
pub(crate) fn cut<T>(rows: &mut Vec<T>, limit: Limit, cursor: impl FnOnce(&T) -> String) -> Option<String> {
    let has_more = rows.len() > limit.0 as usize;
    rows.truncate(limit.0 as usize);
    rows.last().filter(|_| has_more).map(cursor)
}

impl<T> Page<T> {
    /// The page of the list that was asked for with this URI.
    pub(crate) fn new(uri: &Uri, next_cursor: Option<String>, body: T) -> Self {
        Self { body, link: next_cursor.map(|cursor| link(uri, &cursor)) }
    }
}

/// The value of `Link`: the same question, from another place on.
pub(crate) fn link(uri: &Uri, cursor: &str) -> String {
    let asked = uri.query().into_iter().flat_map(|query| query.split('&'));
    let mut pairs: Vec<&str> = asked.filter(|pair| query_value(Some(pair), "cursor").is_none()).collect();
    let cursor = format!("cursor={cursor}");
    pairs.push(&cursor);
    format!("<{}?{}>; rel=\"next\"", uri.path(), pairs.join("&"))
}

impl<T: ToJSON> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let response = Json(self.body).into_response();
        match self.link {
            Some(link) => response.with_header("Link", link).into_response(),
            None => response,
        }
    }
}

impl<T: ToJSON> ApiResponse for Page<T> {
    fn meta() -> MetaResponses {
        let mut meta = Json::<T>::meta();
        for response in &mut meta.responses {
            response.description = "Here they are.";
            response.headers.push(header("LINK"));
        }
        meta
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// How a header that is not always there looks in the document.
pub(crate) fn header(name: &str) -> MetaHeader {
    let schema = String::schema_ref();
    MetaHeader { name: name.to_owned(), description: None, required: false, deprecated: false, schema }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_too_many_is_the_next_pages() {
        let cut = |count: u32| {
            let mut rows: Vec<u32> = (0..count).collect();
            let next = cut(&mut rows, Limit(2), ToString::to_string);
            (rows.len(), next)
        };
        assert_eq!(cut(0), (0, None));
        assert_eq!(cut(2), (2, None));
        assert_eq!(cut(3), (2, Some("1".to_owned())));
    }

    #[test]
    fn the_next_page_is_the_same_question() {
        let next = |uri: &str| link(&uri.parse().unwrap(), "9");
        assert_eq!(next("/tickets"), "</tickets?cursor=9>; rel=\"next\"");
        assert_eq!(next("/a?q=%25&cursor=3&limit=2"), "</a?q=%25&limit=2&cursor=9>; rel=\"next\"");
        assert_eq!(next("/a?c%75rsor=3"), "</a?cursor=9>; rel=\"next\"");
    }
}
