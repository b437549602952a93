//! Answers that come later.
//!
//! The framework nests a dozen futures around an operation, some thirty kilobytes for each request. As long as an operation
//! waits, all of that is kept, and with a few dozen requests in flight the second half of each finds it out of reach of
//! its core's cache, which took a third of the time of a status read. So the operations that are asked for most,
//! registering and reading a registration, give back what they wait for: the framework is done with them, and the
//! outermost layer waits. They also see to it themselves that what they tell is durable: reading does so once for all who
//! ask together.

use std::{
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use poem::{IntoResponse, Response, Result};
use poem_openapi::{
    ApiResponse,
    registry::{MetaResponses, Registry},
};

use super::problem::Problem;

pub(super) type Answer = BoxFuture<'static, Result<Response>>;

/// The answer `T`, as soon as it is there. In the interface it is the same as `T`.
pub(crate) struct Later<T> {
    answer: Answer,
    of: PhantomData<fn() -> T>,
}

/// An answer that is still to come, on its way through the framework, which wants what it carries to be `Clone`.
#[derive(Clone)]
struct Promise(Arc<Mutex<Option<Answer>>>);

impl<T: IntoResponse> Later<T> {
    /// Promises this answer, which tells only of what is durable.
    pub(crate) fn new(answer: impl Future<Output = Result<T, Problem>> + Send + 'static) -> Self {
        let answer = async move { Ok(answer.await?.into_response()) };
        Self { answer: Box::pin(answer), of: PhantomData }
    }
}

impl<T: ApiResponse> ApiResponse for Later<T> {
    fn meta() -> MetaResponses {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T> IntoResponse for Later<T> {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(Promise(Arc::new(Mutex::new(Some(self.answer)))));
        response
    }
}

/// The answer that a response promises, if it does.
pub(super) fn promised(response: &mut Response) -> Option<Answer> {
    let Promise(answer) = response.extensions_mut().remove::<Promise>()?;
    answer.lock().unwrap_or_else(PoisonError::into_inner).take()
}
