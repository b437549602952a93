//! QR codes as images.

use qrcode::{EcLevel, QrCode, render::svg};

/// Pixels of an image's side at least; being lines and not dots it can be shown at any size.
const SIDE_MIN: u32 = 256;

/// A text as an SVG image, black on white with the margin that scanners need. Nothing if it is too long.
pub(crate) fn draw(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(SIDE_MIN, SIDE_MIN).build())
}
