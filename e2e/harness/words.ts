/** The words that people see, from the catalogue of the client: French unless said. */
import { setLanguage, t } from "../../web/app/i18n/index";

setLanguage("fr");

export const fr = t;

export const en = ((...args: Parameters<typeof t>) => {
  setLanguage("en");
  try {
    return t(...args);
  } finally {
    setLanguage("fr");
  }
}) as typeof t;
