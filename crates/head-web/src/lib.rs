//! The web head: HTTP API, WebSocket feed and the embedded web client
