//! How somebody works with the page: with a mouse, or with the keyboard alone. Every journey is made both ways.

use fantoccini::{
    actions::{InputSource, KeyAction, KeyActions},
    key::Key,
};

use crate::page::Page;

/// What somebody works with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hands {
    Mouse,
    Keyboard,
}

/// On no screen does it take so many steps to come round.
const STEPS_MAX: usize = 120;

impl Hands {
    pub(crate) async fn press(self, page: &Page, selector: &str) {
        match self {
            Self::Mouse => click(page, selector).await,
            Self::Keyboard => {
                walk_to(page, selector).await;
                let is_box = page.is_focused("[type=checkbox], summary").await;
                strike(page, &[if is_box { ' ' } else { char::from(Key::Enter) }]).await;
            }
        }
    }

    pub(crate) async fn write(self, page: &Page, selector: &str, text: &str) {
        match self {
            Self::Mouse => {
                let field = page.find(selector).await;
                if field.tag_name().await.unwrap() != "select" {
                    field.clear().await.unwrap();
                }
                if page.count(&format!("{selector}[type=datetime-local]")).await > 0 {
                    return field.send_keys(&typed(page, text).await).await.unwrap();
                }
                field.send_keys(text).await.unwrap();
            }
            Self::Keyboard => {
                walk_to(page, selector).await;
                if page.is_focused("[type=datetime-local]").await {
                    return strike(page, &typed(page, text).await.chars().collect::<Vec<_>>()).await;
                }
                if !page.is_focused("select").await {
                    chord(page, char::from(Key::Control), 'a').await;
                }
                strike(page, &text.chars().collect::<Vec<_>>()).await;
            }
        }
    }
}

/// An element that is replaced by a newer one before the click reaches it was not clicked.
async fn click(page: &Page, selector: &str) {
    while let Err(error) = page.find(selector).await.click().await {
        assert!(error.to_string().contains("stale element"), "{selector}: {error}");
    }
}

/// Steps from one thing to the next until what is wanted has the focus.
async fn walk_to(page: &Page, selector: &str) {
    page.see(selector).await;
    for _ in 0..STEPS_MAX {
        if page.is_focused(selector).await {
            return;
        }
        strike(page, &[char::from(Key::Tab)]).await;
    }
    panic!("{selector} cannot be reached with the keyboard");
}

async fn strike(page: &Page, keys: &[char]) {
    let mut actions = KeyActions::new("keyboard".to_owned());
    for &value in keys {
        actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
    }
    page.browser().perform_actions(actions).await.unwrap();
}

async fn chord(page: &Page, held: char, value: char) {
    let actions = KeyActions::new("keyboard".to_owned())
        .then(KeyAction::Down { value: held })
        .then(KeyAction::Down { value })
        .then(KeyAction::Up { value })
        .then(KeyAction::Up { value: held });
    page.browser().perform_actions(actions).await.unwrap();
}

/// The parts of a date and a time in the order in which this browser wants them.
const ORDER: &str = "const style = { dateStyle: 'short', timeStyle: 'short' };
    const format = new Intl.DateTimeFormat(navigator.language, style);
    return format.formatToParts().map(({ type }) => type);";

/// `2090-06-01T16:00` as it is typed.
async fn typed(page: &Page, text: &str) -> String {
    let numbers: Vec<&str> = text.split(['-', 'T', ':']).collect();
    let order = page.script(ORDER, vec![]).await;
    let order: Vec<&str> = order.as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
    let hour: u32 = numbers[3].parse().unwrap();
    let has_halves = order.contains(&"dayPeriod");
    let part = |part: &&str| match *part {
        // It may have more digits, so it does not lead to the next part by itself.
        "year" => format!("{}{}", numbers[0], char::from(Key::Right)),
        "month" => numbers[1].to_owned(),
        "day" => numbers[2].to_owned(),
        "hour" => format!("{:02}", if has_halves { (hour + 11) % 12 + 1 } else { hour }),
        "minute" => numbers[4].to_owned(),
        "dayPeriod" => String::from(if hour < 12 { "AM" } else { "PM" }),
        _ => String::new(),
    };
    order.iter().map(part).collect()
}
