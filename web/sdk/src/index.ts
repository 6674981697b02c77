export * from "./public";
export * from "./problem";
export { createClient, type ClientOptions } from "./client";
export { LIMITS } from "./fold/content";
export { UNREAD_MOST } from "./room";
export type * from "./wire";
