/** The pages of settings and administration: what they are called, and whose right they need. */
import { Activity, Info, KeyRound, Keyboard, LockKeyhole, MailPlus, Monitor, ScrollText, ShieldCheck, Sun, User, Users } from "../../ui/icons";

export const SETTINGS = [
  { section: "profile", words: "pages.profile", icon: <User />, right: null },
  { section: "security", words: "pages.security", icon: <ShieldCheck />, right: null },
  { section: "keys", words: "pages.keys", icon: <LockKeyhole />, right: null },
  { section: "sessions", words: "pages.sessions", icon: <Monitor />, right: null },
  { section: "tokens", words: "pages.tokens", icon: <KeyRound />, right: "tokens.have" },
  { section: "appearance", words: "pages.appearance", icon: <Sun />, right: null },
  { section: "keyboard", words: "pages.keyboard", icon: <Keyboard />, right: null },
  { section: "about", words: "pages.about", icon: <Info />, right: null },
] as const;

export const ADMIN = [
  { section: "people", words: "pages.adminPeople", icon: <Users />, right: "accounts.manage" },
  { section: "invitations", words: "pages.adminInvitations", icon: <MailPlus />, right: "member.invite" },
  { section: "journal", words: "pages.adminJournal", icon: <ScrollText />, right: "audit.read" },
  { section: "health", words: "pages.adminHealth", icon: <Activity />, right: "health.see" },
] as const;
