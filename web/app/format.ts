/** Times, sizes and counts, as people of each language write them. */
import { locale, t } from "./i18n";

const formats = new Map<string, Intl.DateTimeFormat>();
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale() + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(locale(), options)));
  return made;
}

const midnight = (time: Date) => new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
/** Days between two moments, by the calendar of this device. */
export const daysAgo = (time: Date, now: Date): number => Math.round((midnight(now) - midnight(time)) / 86_400_000);

/** 09:14 */
export const clock = (time: string | Date): string => format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(time));

/** dimanche 22 novembre; with the year when it is another one. */
export function day(time: string | Date, now = new Date()): string {
  const date = new Date(time);
  return format({ weekday: "long", day: "numeric", month: "long", ...(date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }) }).format(date);
}

/** In a list: 09:14, hier, ven., 3 nov., 03/11/2025. */
export function listTime(time: string | Date, now = new Date()): string {
  const date = new Date(time);
  const ago = daysAgo(date, now);
  if (ago <= 0) return clock(date);
  if (ago === 1) return t("time.yesterday");
  if (ago < 7) return format({ weekday: "short" }).format(date);
  if (date.getFullYear() === now.getFullYear()) return format({ day: "numeric", month: "short" }).format(date);
  return format({ day: "2-digit", month: "2-digit", year: "numeric" }).format(date);
}

/** 22 novembre à 09:14 */
export function moment(time: string | Date, now = new Date()): string {
  const date = new Date(time);
  const ago = daysAgo(date, now);
  if (ago === 0) return t("time.todayAt", { time: clock(date) });
  if (ago === 1) return t("time.yesterdayAt", { time: clock(date) });
  if (ago === -1) return t("time.tomorrowAt", { time: clock(date) });
  return stamp(date, now);
}

/** 22 novembre à 09:14, also today: for phrases that say « depuis le ». */
export function stamp(time: string | Date, now = new Date()): string {
  const date = new Date(time);
  return t("time.dayAt", { day: format({ day: "numeric", month: "long", ...(date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }) }).format(date), time: clock(date) });
}

/** à l'instant, il y a 6 min, il y a 2 h, hier à 21:10 ... */
export function ago(time: string | Date, now = new Date()): string {
  const date = new Date(time);
  const minutes = Math.floor((now.getTime() - date.getTime()) / 60_000);
  if (minutes < 2) return t("time.now");
  if (minutes < 60) return t("time.minutesAgo", { n: minutes });
  if (minutes < 60 * 12 && daysAgo(date, now) === 0) return t("time.hoursAgo", { n: Math.floor(minutes / 60) });
  return moment(date, now);
}

/** How long to wait: 45 s, 3 min, 2 h. Never less than one second. */
export function waitWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

/** 214 Ko, 1,2 Mo; KB and MB in English. Steps of 1000, as on the disks people buy. */
export function size(bytes: number): string {
  const units = t("size.units").split(" ");
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toLocaleString(locale(), { maximumFractionDigits: digits })}\u00a0${units[unit] ?? ""}`;
}

/** Names as a list: « Anne, Karim et 2 autres ». */
export function names(all: readonly string[], most = 3): string {
  if (all.length <= most) return new Intl.ListFormat(locale(), { type: "conjunction" }).format(all);
  const shown = all.slice(0, most - 1);
  return t("names.more", { names: shown.join(", "), n: all.length - shown.length });
}
