/** Refusals in the person's language, by code. What the server adds in English is the fallback for codes we do not know yet. */
import { ApiProblem, NetworkError } from "@sdk";

import { waitWords } from "../format";
import { t, wordsOf } from "./index";

export function problemWords(cause: unknown): string {
  if (cause instanceof ApiProblem) {
    const words = wordsOf(`problem.${cause.code}`) ?? cause.title;
    const wait = cause.retryAfterMs ? ` ${t("problem.retryIn", { wait: waitWords(cause.retryAfterMs) })}` : "";
    const quote = cause.incident ? ` ${t("problem.incident", { code: cause.incident })}` : "";
    return words + wait + quote;
  }
  if (cause instanceof NetworkError) return t("problem.network");
  return t("problem.here");
}

/** The words if the refusal is about this field. */
export function fieldWords(cause: unknown, ...fields: string[]): string | undefined {
  return cause instanceof ApiProblem && cause.field !== null && fields.includes(cause.field) ? problemWords(cause) : undefined;
}
