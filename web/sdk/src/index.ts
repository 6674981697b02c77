export * from "./public";
export * from "./problem";
export type * from "./wire";
