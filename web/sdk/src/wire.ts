// Types of the API, until `gen/` is written from the `wire` crate.

export type ServerInfo = {
  ready: boolean;
  organisation?: string | null;
  domain?: string | null;
  host?: string | null;
  version: string;
  password_bits: number;
  max_file: number;
  now: string
};
export type TokenCheck = {
  token: string
};
export type SetupOffer = {
  domain: string;
  host: string
};
export type Setup = {
  token: string;
  organisation: string;
  domain: string;
  host: string;
  owner: NewAccount;
  device: DeviceInfo
};
export type NewAccount = {
  local: string;
  display_name: string;
  password: string;
  language: Language
};
export type Language = "fr" | "en";
export type DeviceInfo = {
  device?: string | null;
  name: string
};
export type SignIn = {
  address: string;
  password: string;
  device: DeviceInfo
};
export type SignInAnswer =
  | ({ status: "signed_in" } & SignedIn)
  | ({ status: "second_factor"; ticket: string });
export type SignedIn = {
  account: string;
  device: string;
  session: string
};
export type SecondFactor = {
  ticket: string;
  code: string
};
export type InvitationOffer = {
  organisation: string;
  domain: string;
  inviter: string;
  role: Role;
  local?: string | null;
  display_name?: string | null;
  expires: string
};
export type AcceptInvitation = {
  token: string;
  account: NewAccount;
  device: DeviceInfo
};
export type ResetOffer = {
  address: string;
  expires: string
};
export type ResetPassword = {
  token: string;
  password: string
};
export type PasswordCheck = {
  password: string;
  context: string[]
};
export type PasswordVerdict = {
  bits: number;
  refused: string[]
};
export type Role = "owner" | "admin" | "officer" | "auditor" | "member" | "guest";
export type Me = {
  person: Person;
  language: Language;
  device: string;
  session: string;
  may: string[];
  totp: boolean;
  recovery_left: number;
  must: string[]
};
export type Person = {
  account: string;
  address: string;
  display_name: string;
  title: string;
  department: string;
  role: Role;
  active: boolean;
  presence: Presence
};
export type MeUpdate = {
  title?: string | null;
  language?: Language | null
};
export type ChangePassword = {
  current: string;
  new: string
};
export type TotpOffer = {
  secret: string;
  uri: string;
  qr: string
};
export type TotpConfirm = {
  code: string
};
export type TotpRemove = {
  password: string;
  code: string
};
export type RecoveryCodes = {
  codes: string[]
};
export type Sessions = {
  sessions: SessionInfo[]
};
export type SessionInfo = {
  session: string;
  device: string;
  name: string;
  created: string;
  seen: string;
  current: boolean
};
export type RevokeSession = {
  session?: string | null
};
export type Scope = "read" | "post" | "admin";
export type ApiTokens = {
  tokens: ApiTokenInfo[]
};
export type ApiTokenInfo = {
  token: string;
  name: string;
  scopes: Scope[];
  created: string;
  expires: string;
  used?: string | null
};
export type CreateApiToken = {
  name: string;
  scopes: Scope[];
  days: number
};
export type NewApiToken = {
  token: ApiTokenInfo;
  secret: string
};
export type RevokeApiToken = {
  token: string
};
export type Availability = "available" | "busy" | "away" | "dnd" | "offline";
export type Presence = {
  availability: Availability;
  text: string;
  until?: string | null
};
export type SetPresence = {
  availability?: Availability | null;
  text?: string;
  until?: string | null
};
export type Active = {
  active: boolean
};
export type ListPeople = {
  query?: string;
  after?: string | null;
  limit: number
};
export type GetPeople = {
  accounts: string[]
};
export type People = {
  people: Person[];
  next?: string | null;
  total?: number | null
};
export type Kind = "direct" | "group" | "channel";
export type Protection = "sealed" | "recorded" | "open";
export type MemberRole = "owner" | "moderator" | "member" | "reader";
export type Conversation = {
  conversation: string;
  kind: Kind;
  protection: Protection;
  last_seq: number;
  last_time?: string | null;
  role: MemberRole;
  from_seq: number;
  read_seq: number;
  muted: boolean;
  pinned: boolean;
  members: number;
  with?: string | null;
  created: string
};
export type CreateConversation = {
  client_id: string;
  kind: Kind;
  protection?: Protection | null;
  members: string[];
  details?: string | null
};
export type ConversationRef = {
  conversation: string
};
export type Conversations = {
  conversations: Conversation[]
};
export type Members = {
  members: Member[]
};
export type Member = {
  account: string;
  role: MemberRole;
  since: string
};
export type AddMembers = {
  conversation: string;
  accounts: string[]
};
export type MemberRef = {
  conversation: string;
  account: string
};
export type SetMemberRole = {
  conversation: string;
  account: string;
  role: MemberRole
};
export type MuteConversation = {
  conversation: string;
  muted?: boolean | null;
  pinned?: boolean | null
};
export type Channels = {
  channels: Channel[]
};
export type Channel = {
  conversation: string;
  protection: Protection;
  members: number;
  details?: string | null;
  joined: boolean
};
export type EntryKind = "content" | "membership" | "erasure";
export type PostEntry = {
  conversation: string;
  client_id: string;
  content: string;
  refers_to?: number | null;
  blobs?: string[]
};
export type PostText = {
  conversation: string;
  client_id: string;
  text: string
};
export type Receipt = {
  seq: number;
  time: string;
  leaf: string;
  salt: string;
  promise: string
};
export type EraseEntry = {
  conversation: string;
  seq: number;
  client_id: string
};
export type ReadJournal = {
  conversation: string;
  after?: number | null;
  before?: number | null;
  limit: number
};
export type JournalPage = {
  entries: Entry[];
  last_seq: number
};
export type Entry = {
  seq: number;
  kind: EntryKind;
  account?: string | null;
  device?: string | null;
  client_id: string;
  time: string;
  refers_to?: number | null;
  content?: string | null;
  blobs: string[];
  leaf: string;
  salt?: string | null
};
export type ReadAccountJournal = {
  after: number;
  limit: number
};
export type AccountJournalPage = {
  entries: AccountEntry[];
  last_seq: number
};
export type AccountEntry = {
  seq: number;
  time: string
} & AccountChange;
export type AccountChange =
  | ({ change: "membership"; conversation: string; member: boolean })
  | ({ change: "read"; conversation: string; seq: number })
  | ({ change: "settings";  });
export type AckCursor = {
  conversation: string;
  seq: number
};
export type Marks = {
  marks: Mark[]
};
export type Mark = {
  account: string;
  delivered: number;
  read: number
};
export type SetTyping = {
  conversation: string;
  typing: boolean
};
export type Checkpoint = {
  note: string;
  key: string
};
export type GetProof = {
  conversation: string;
  seq: number
};
export type InclusionProof = {
  position: number;
  size: number;
  hashes: string[];
  checkpoint: Checkpoint
};
export type BeginUpload = {
  conversation: string;
  size: number;
  sha256?: string | null
};
export type Upload = {
  upload: string;
  offset: number;
  size: number;
  blob?: string | null;
  media_type?: string | null
};
export type ListAccounts = {
  query?: string;
  role?: Role | null;
  active?: boolean | null;
  after?: string | null;
  limit: number
};
export type Accounts = {
  accounts: AccountDetail[];
  next?: string | null;
  total: number;
  without_factor: number;
  locked: number
};
export type AccountDetail = {
  person: Person;
  language: Language;
  totp: boolean;
  locked_until?: string | null;
  devices: number;
  seen?: string | null;
  created: string
};
export type UpdateAccount = {
  account: string;
  display_name?: string | null;
  title?: string | null;
  department?: string | null;
  role?: Role | null
};
export type AccountRef = {
  account: string
};
export type ResetAccount = {
  account: string;
  second_factor?: boolean
};
export type Link = {
  url: string;
  expires: string
};
export type CreateInvitation = {
  role: Role;
  local?: string | null;
  display_name?: string | null;
  hours: number
};
export type NewInvitation = {
  invitation: Invitation;
  url: string
};
export type Invitation = {
  invitation: string;
  role: Role;
  local?: string | null;
  display_name?: string | null;
  inviter: string;
  created: string;
  expires: string
};
export type Invitations = {
  invitations: Invitation[]
};
export type RevokeInvitation = {
  invitation: string
};
export type UpdateOrganisation = {
  name: string
};
export type ListAudit = {
  before?: number | null;
  limit: number
};
export type Audit = {
  entries: AuditEntry[]
};
export type AuditEntry = {
  seq: number;
  time: string;
  actor: string;
  action: string;
  target: string;
  outcome: string;
  origin: string
};
export type Tasks = {
  tasks: TaskReport[]
};
export type TaskReport = {
  name: string;
  last_run?: string | null;
  changed: number;
  error?: string | null
};
export type Problem = {
  type: string;
  code: string;
  status: number;
  title: string;
  detail?: string | null;
  field?: string | null;
  retry_after_ms?: number | null;
  incident?: string | null
};
export type Hello = {
  account_seq: number
};
export type Welcome = {
  now: string;
  account_seq: number;
  conversations: Conversation[];
  presence: PersonPresence[]
};
export type PersonPresence = {
  account: string;
  presence: Presence
};
export type Frame =
  | ({ op: "ok"; id: string; answer: unknown })
  | ({ op: "refused"; id: string; problem: Problem })
  | ({ op: "entry"; conversation: string; entry: Entry })
  | ({ op: "account"; entry: AccountEntry })
  | ({ op: "conversation"; conversation: Conversation })
  | ({ op: "marks"; conversation: string; marks: Mark[] })
  | ({ op: "presence";  } & PersonPresence)
  | ({ op: "typing"; conversation: string; account: string; typing: boolean });
export type Empty = Record<string, never>;
export interface Commands {
  "me.get": { params: Empty; answer: Me };
  "me.update": { params: MeUpdate; answer: Me };
  "me.password": { params: ChangePassword; answer: Empty };
  "me.totp.begin": { params: Empty; answer: TotpOffer };
  "me.totp.confirm": { params: TotpConfirm; answer: RecoveryCodes };
  "me.totp.remove": { params: TotpRemove; answer: Empty };
  "me.recovery.renew": { params: TotpConfirm; answer: RecoveryCodes };
  "me.sessions.list": { params: Empty; answer: Sessions };
  "me.sessions.revoke": { params: RevokeSession; answer: Empty };
  "me.tokens.list": { params: Empty; answer: ApiTokens };
  "me.tokens.create": { params: CreateApiToken; answer: NewApiToken };
  "me.tokens.revoke": { params: RevokeApiToken; answer: Empty };
  "presence.set": { params: SetPresence; answer: Empty };
  "presence.active": { params: Active; answer: Empty };
  "people.list": { params: ListPeople; answer: People };
  "people.get": { params: GetPeople; answer: People };
  "accounts.list": { params: ListAccounts; answer: Accounts };
  "accounts.update": { params: UpdateAccount; answer: AccountDetail };
  "accounts.disable": { params: AccountRef; answer: Empty };
  "accounts.enable": { params: AccountRef; answer: Empty };
  "accounts.unlock": { params: AccountRef; answer: Empty };
  "accounts.reset": { params: ResetAccount; answer: Link };
  "accounts.end_sessions": { params: AccountRef; answer: Empty };
  "invitations.create": { params: CreateInvitation; answer: NewInvitation };
  "invitations.list": { params: Empty; answer: Invitations };
  "invitations.revoke": { params: RevokeInvitation; answer: Empty };
  "organisation.update": { params: UpdateOrganisation; answer: ServerInfo };
  "audit.list": { params: ListAudit; answer: Audit };
  "tasks.list": { params: Empty; answer: Tasks };
  "conversations.create": { params: CreateConversation; answer: Conversation };
  "conversations.list": { params: Empty; answer: Conversations };
  "conversations.get": { params: ConversationRef; answer: Conversation };
  "conversations.members": { params: ConversationRef; answer: Members };
  "conversations.add": { params: AddMembers; answer: Empty };
  "conversations.remove": { params: MemberRef; answer: Empty };
  "conversations.role": { params: SetMemberRole; answer: Empty };
  "conversations.leave": { params: ConversationRef; answer: Empty };
  "conversations.mute": { params: MuteConversation; answer: Empty };
  "channels.list": { params: Empty; answer: Channels };
  "channels.join": { params: ConversationRef; answer: Conversation };
  "messages.post": { params: PostEntry; answer: Receipt };
  "messages.text": { params: PostText; answer: Receipt };
  "messages.erase": { params: EraseEntry; answer: Empty };
  "journal.read": { params: ReadJournal; answer: JournalPage };
  "account_journal.read": { params: ReadAccountJournal; answer: AccountJournalPage };
  "cursor.ack": { params: AckCursor; answer: Empty };
  "marks.read": { params: AckCursor; answer: Empty };
  "marks.get": { params: ConversationRef; answer: Marks };
  "typing.set": { params: SetTyping; answer: Empty };
  "log.checkpoint": { params: Empty; answer: Checkpoint };
  "log.proof": { params: GetProof; answer: InclusionProof };
}
export type Op = keyof Commands;
export type Params<O extends Op> = Commands[O]["params"];
export type Answer<O extends Op> = Commands[O]["answer"];
