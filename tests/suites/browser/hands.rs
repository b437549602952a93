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
                field.send_keys(text).await.unwrap();
            }
            Self::Keyboard => {
                walk_to(page, selector).await;
                if page.is_focused("[type=datetime-local]").await {
                    return strike(page, &typed_date(text)).await;
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

/// `2090-06-01T16:00` as it is typed: day, month and year, then the time, which the year does not lead to by itself.
fn typed_date(text: &str) -> Vec<char> {
    let (date, time) = text.split_once('T').unwrap();
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let digits = format!("{day}{month}{year}").chars().collect::<Vec<_>>();
    let time = time.replace(':', "");
    digits.into_iter().chain([char::from(Key::Right)]).chain(time.chars()).collect()
}
