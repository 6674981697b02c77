//! Files. Bytes travel over HTTP, outside commands.
//!
//! | method and path | meaning |
//! |---|---|
//! | `POST /api/v1/uploads` | body [`BeginUpload`] → [`Upload`] |
//! | `GET /api/v1/uploads/{upload}` | → [`Upload`]: where to go on |
//! | `PATCH /api/v1/uploads/{upload}` | header `Upload-Offset`, body at most 4 MiB → [`Upload`]; 409 `upload_offset` names the right one |
//! | `DELETE /api/v1/uploads/{upload}` | gives up |
//! | `GET /api/v1/conversations/{conversation}/blobs/{blob}` | the bytes; `Range` is served; `?name=` sets the file name of a download |

use rempart_base::{BlobHash, ConversationId, UploadId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{B64, Id};

/// Begins an upload.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginUpload {
    /// Where it will be posted; one must be able to write there.
    pub conversation: Id<ConversationId>,
    /// Bytes in all.
    pub size: u64,
    /// SHA-256 of all bytes, if the client knows it already; a blob that the server has for this account then needs no upload.
    pub sha256: Option<B64>,
}

/// An upload in progress, or ended.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Upload {
    /// The upload.
    pub upload: Id<UploadId>,
    /// Bytes received: where to go on.
    pub offset: u64,
    /// Bytes in all.
    pub size: u64,
    /// The blob, once all bytes are here and on disk.
    pub blob: Option<Id<BlobHash>>,
    /// The type that the server saw in the first bytes, once ended (`application/octet-stream` when unknown).
    pub media_type: Option<String>,
}
