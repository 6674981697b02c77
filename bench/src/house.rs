//! A server, or several nodes, and the people on it.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rempart_testkit::client::session::Person;
use rempart_testkit::client::{Failure, Target, client_id};
use rempart_testkit::server::{Cluster, Options, Server};
use rempart_testkit::services::PostgresOptions;
use rempart_wire::Id;
use rempart_wire::conversation::Conversation;
use serde_json::json;

use crate::Place;

pub(crate) enum Servers {
    One(Box<Server>),
    Cluster(Box<Cluster>),
}

/// A server and its owner.
pub(crate) struct House {
    pub(crate) servers: Servers,
    pub(crate) owner: Person,
}

pub(crate) fn options(place: &Place) -> Result<Options> {
    let binary = match &place.binary {
        Some(binary) => binary.clone(),
        None => std::env::current_exe()?.with_file_name("rempart"),
    };
    anyhow::ensure!(binary.is_file(), "{} is not there: build rempart-server in release", binary.display());
    Ok(Options::new(binary).flag("--log-level", "info"))
}

fn broken(failure: Failure) -> anyhow::Error {
    anyhow::anyhow!("{failure}")
}

impl House {
    pub(crate) async fn new(place: &Place) -> Result<Self> {
        let options = options(place)?;
        let (servers, link) = if place.cluster {
            let durable = PostgresOptions { fsync: true, ..PostgresOptions::default() };
            let cluster = Cluster::start_on(durable, options, 2).await?;
            let link = cluster.nodes.last().context("a node")?.setup_link()?;
            (Servers::Cluster(Box::new(cluster)), link)
        } else {
            let server = Server::start(options).await?;
            let link = server.setup_link()?;
            (Servers::One(Box::new(server)), link)
        };
        let target = targets(&servers)?.into_iter().next().context("a node")?;
        let owner = Person::owner(&target, &link, "maelle", "Maëlle Kerbrat").await.map_err(broken)?;
        Ok(Self { servers, owner })
    }

    /// Where the nodes are reached.
    pub(crate) fn targets(&self) -> Result<Vec<Target>> {
        targets(&self.servers)
    }

    /// The end of what each node logged, for an error.
    pub(crate) fn log(&self) -> String {
        let nodes: Vec<&Server> = match &self.servers {
            Servers::One(server) => vec![server],
            Servers::Cluster(cluster) => cluster.nodes.iter().collect(),
        };
        let end = |server: &Server| {
            let lines: Vec<String> = server.log().lines().rev().take(10).map(str::to_owned).collect();
            lines.into_iter().rev().collect::<Vec<_>>().join("\n")
        };
        format!("the servers logged at last:\n{}", nodes.into_iter().map(end).collect::<Vec<_>>().join("\n---\n"))
    }

    /// The nodes' processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        match &self.servers {
            Servers::One(server) => server.pid().into_iter().collect(),
            Servers::Cluster(cluster) => cluster.nodes.iter().filter_map(Server::pid).collect(),
        }
    }

    /// People who came in by invitation; on several nodes each goes to another than the one before.
    pub(crate) async fn people(&self, count: usize) -> Result<Vec<Arc<Person>>> {
        let targets = self.targets()?;
        let mut people = Vec::with_capacity(count);
        for n in 0..count {
            let (local, name) = (format!("personne{n}"), format!("Personne {n}"));
            let person = self.owner.invite("member", &local, &name).await.map_err(broken)?;
            if let Some(target) = targets.get(n % targets.len()) {
                person.client.go_to(target.clone()).await;
            }
            people.push(Arc::new(person));
        }
        Ok(people)
    }
}

fn targets(servers: &Servers) -> Result<Vec<Target>> {
    match servers {
        Servers::One(server) => Ok(vec![server.target()?]),
        Servers::Cluster(cluster) => cluster.nodes.iter().map(Server::target).collect(),
    }
}

/// A direct conversation between two people.
pub(crate) async fn direct(one: &Person, other: &Person) -> Result<Id<rempart_base::ConversationId>> {
    let asked = json!({ "client_id": client_id(), "kind": "direct", "members": [other.account] });
    let made = one.client.ask::<Conversation>("conversations.create", &asked).await.map_err(broken)?;
    Ok(made.conversation)
}
