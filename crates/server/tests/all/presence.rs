//! Availability, as others see it within two seconds.

use std::time::Duration;

use rempart_testkit::client::Feed;
use rempart_testkit::client::session::Person;
use rempart_wire::account::{Availability, Presence};
use rempart_wire::feed::Frame;
use serde_json::json;

use crate::house::{House, SOON, feed, refusal};

async fn seen(at: &Feed, of: &Person, expected: Availability) -> Presence {
    at.find(SOON, |frame| match frame {
        Frame::Presence { presence } if presence.account == of.account => {
            (presence.presence.availability == expected).then_some(presence.presence)
        }
        _ => None,
    })
    .await
    .unwrap_or_else(|error| panic!("{expected:?}: {error:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn coming_choosing_and_going_are_seen() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let at_iris = feed(&iris).await;
    let at_yann = feed(&yann).await;
    seen(&at_iris, &yann, Availability::Available).await;
    assert!(at_yann.welcome.presence.iter().any(|p| p.account == iris.account));

    let set = json!({ "availability": "busy", "text": "au bloc", "until": "2099-01-01T00:00:00.000Z" });
    at_yann.command("presence.set", set).await.unwrap();
    let presence = seen(&at_iris, &yann, Availability::Busy).await;
    assert_eq!(presence.text, "au bloc");
    assert!(presence.until.is_some());
    at_yann.command("presence.set", json!({ "availability": "dnd" })).await.unwrap();
    seen(&at_iris, &yann, Availability::Dnd).await;
    at_yann.command("presence.set", json!({})).await.unwrap();
    seen(&at_iris, &yann, Availability::Available).await;
    at_yann.command("presence.active", json!({ "active": false })).await.unwrap();
    seen(&at_iris, &yann, Availability::Away).await;
    at_yann.command("presence.active", json!({ "active": true })).await.unwrap();
    seen(&at_iris, &yann, Availability::Available).await;
    refusal(at_yann.command("presence.set", json!({ "availability": "offline" })).await, "presence_invalid");

    drop(at_yann);
    let gone = at_iris
        .find(Duration::from_secs(15), |frame| match frame {
            Frame::Presence { presence } if presence.account == yann.account => {
                (presence.presence.availability == Availability::Offline).then_some(())
            }
            _ => None,
        })
        .await;
    gone.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_ends_by_itself() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let (at_iris, at_yann) = (feed(&iris).await, feed(&yann).await);
    let now = at_yann.welcome.now.0.plus_millis(1_500);
    let until = rempart_wire::Time(now);
    at_yann.command("presence.set", json!({ "availability": "busy", "until": until })).await.unwrap();
    seen(&at_iris, &yann, Availability::Busy).await;
    at_iris
        .find(Duration::from_secs(4), |frame| match frame {
            Frame::Presence { presence } if presence.account == yann.account => {
                (presence.presence.availability == Availability::Available).then_some(())
            }
            _ => None,
        })
        .await
        .unwrap();
}
