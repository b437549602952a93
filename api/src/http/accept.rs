//! Which of two formats a client wants (RFC 9110, 12.5.1).

use poem::{
    FromRequest, Request, RequestBody, Result,
    http::{HeaderMap, header},
};

use super::problem::{Code, Problem};

/// A format that lists come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `application/json`
    Json,
    /// `text/csv`
    Csv,
}

impl Format {
    /// What the client likes best; JSON if it does not mind. Nothing if it wants neither.
    fn preferred(headers: &HeaderMap) -> Option<Self> {
        let lines: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
        let accept = lines.join(",");
        if accept.trim().is_empty() {
            return Some(Self::Json);
        }
        let (json, csv) = (quality(&accept, "application", "json"), quality(&accept, "text", "csv"));
        if json == 0 && csv == 0 { None } else { Some(if csv > json { Self::Csv } else { Self::Json }) }
    }
}

impl<'a> FromRequest<'a> for Format {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Self::preferred(request.headers()).ok_or_else(|| Problem::from(Code::NotAcceptable))?)
    }
}

/// How much a type is wanted, in thousandths: what the most specific range that covers it says.
fn quality(accept: &str, kind: &str, subtype: &str) -> u32 {
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';');
        let (range_kind, range_subtype) = parts.next()?.trim().split_once('/')?;
        let specificity = match (range_kind, range_subtype) {
            ("*", "*") => 0,
            (k, "*") if k.eq_ignore_ascii_case(kind) => 1,
            (k, s) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => 2,
            _ => return None,
        };
        Some((specificity, parts.find_map(weight).unwrap_or(1000)))
    });
    ranges.max().map_or(0, |(_, quality)| quality)
}

/// The value of a `q` parameter. One that cannot be read counts for nothing.
fn weight(parameter: &str) -> Option<u32> {
    let (name, value) = parameter.split_once('=')?;
    let is_weight = name.trim().eq_ignore_ascii_case("q");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    let read = |weight: f64| (weight.clamp(0.0, 1.0) * 1000.0).round() as u32;
    is_weight.then(|| value.trim().parse().map_or(0, read))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred(lines: &[&str]) -> Option<Format> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT, line.parse().unwrap());
        }
        Format::preferred(&headers)
    }

    #[test]
    fn whoever_does_not_mind_gets_json() {
        for lines in [&[][..], &[""], &["*/*"], &["application/*"], &["text/csv, application/json"], &["*/*;q=0.1"]] {
            assert_eq!(preferred(lines), Some(Format::Json), "{lines:?}");
        }
    }

    #[test]
    fn what_is_liked_best_counts() {
        let csv = [
            &["text/csv"][..],
            &["Text/CSV; charset=utf-8"],
            &["text/*"],
            &["text/csv, */*;q=0.5"],
            &["application/json;q=0.2", "text/csv;q=0.3"],
            &["*/*, application/json;q=0.9"],
            &["text/html, text/csv"],
        ];
        for lines in csv {
            assert_eq!(preferred(lines), Some(Format::Csv), "{lines:?}");
        }
        assert_eq!(preferred(&["text/csv;q=0.5, application/json;q=0.6"]), Some(Format::Json));
    }

    #[test]
    fn whoever_wants_something_else_gets_nothing() {
        for lines in [&["text/html"][..], &["text/csv;q=0"], &["*/*;q=0"], &["image/*"], &["nonsense"]] {
            assert_eq!(preferred(lines), None, "{lines:?}");
        }
        assert_eq!(preferred(&["*/*, application/json;q=0"]), Some(Format::Csv));
    }
}
