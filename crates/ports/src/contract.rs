//! The contract suites: what every adapter of a port must do, a named case per behaviour and per documented error.
//!
//! An adapter's test crate writes a function that makes a fresh, empty backend with what must live as long as the test, and
//! calls [`store_contract!`](crate::store_contract), [`bus_contract!`](crate::bus_contract) or
//! [`blobs_contract!`](crate::blobs_contract): each case becomes a test of its own. A backend that is not there must fail.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "these are tests: a case fails by panicking"
)]

pub mod blobs;
pub mod bus;
pub mod store;

/// Makes a test of each case; `$make` is an `async fn() -> (Arc<dyn Port>, impl Sized)`.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_cases {
    ($make:path, $suite:tt, $($noun:ident: $($case:ident),+;)+) => {$(
        mod $noun {
            $(
                #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let (backend, guard) = $make().await;
                    $crate::contract_call!($suite, $noun, $case, backend);
                    drop(guard);
                }
            )+
        }
    )+};
}

/// Calls one case.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_call {
    ([$($suite:tt)+], $noun:ident, $case:ident, $backend:expr) => {
        $($suite)+::$noun::$case($backend).await
    };
}

/// Runs the cases of [`crate::Store`]: `store_contract!(crate::make)` with `async fn make() -> (Arc<dyn Store>, impl Sized)`.
#[macro_export]
macro_rules! store_contract {
    ($make:path) => {
        $crate::contract_cases! { $make, [$crate::contract::store],
            organisation: is_set_up_once, setting_up_needs_its_link, setting_up_at_once_succeeds_once, links_hold_until_spent_or_past,
                a_new_link_replaces_the_former, a_link_is_spent_by_one_only, is_renamed, keys_are_checked_once;
            accounts: are_made_and_found, addresses_are_unique, are_listed_by_name_without_accents, are_searched_in_every_field,
                are_filtered_and_paged, profiles_change, the_last_owner_stays, two_owners_leaving_at_once_leave_one, are_counted,
                are_seen, credentials_change_from_what_was_expected, one_of_two_credential_changes_is_lost_aloud, failures_are_counted,
                invitations_are_good_once, an_invitation_is_accepted_by_one_only, invitations_are_listed_and_revoked,
                presence_choices_are_kept;
            sessions: open_only_for_open_accounts, are_found_by_either_secret, rotate_from_what_was_expected, are_listed_and_closed,
                idle_ones_are_closed, devices_never_change_hands, tokens_are_kept;
            journal: founding_makes_everything_at_once, a_pair_has_one_direct_per_protection, pairs_founded_at_once_make_one,
                entries_are_numbered_and_given_back, rows_come_in_pages, many_appending_leave_no_gap, repetition_gives_the_first_rows,
                repetition_at_once_appends_once, a_founding_is_repeated_whole, a_client_id_of_another_device_is_another,
                repetition_shows_nothing_of_others, stale_rules_are_refused, rules_changed_in_the_same_batch_are_refused,
                an_unknown_conversation_is_refused, a_refused_append_leaves_nothing, members_read_from_where_their_kind_says,
                members_come_go_and_change, erasing_keeps_the_leaf, only_earlier_entries_are_erased, details_are_remembered,
                changes_are_noted_for_accounts, blobs_are_visible_to_those_who_may_read;
            conversations: are_seen_by_their_members, channels_are_listed, contacts_share_a_conversation, are_muted_and_pinned,
                marks_only_rise, members_come_in_order;
            log: positions_are_written_and_read, a_log_written_from_another_state_is_refused, a_run_that_does_not_follow_is_refused,
                conversations_wait_for_positions, tiles_grow, journals_are_counted;
            groups: state_goes_with_entries, what_is_due_is_found, leaves_are_found, welcomes_wait, epochs_tell_repetitions_apart;
            keys: entries_are_logged_in_order, a_change_is_noted_for_the_account, a_device_ends_with_all_it_has,
                packages_serve_once_then_the_last_resort, packages_end, packages_are_limited, claims_at_once_share_nothing,
                a_keyring_has_versions, requests_are_answered_once, a_reset_is_spent;
            files: uploads_advance_in_order, an_upload_ends_in_a_blob, old_uploads_are_found, unused_blobs_are_found_and_forgotten,
                a_blob_in_use_stays;
            operations: the_administration_journal_has_no_gap, a_lease_has_one_holder, a_lease_taken_at_once_has_one_holder, reports_are_replaced,
                is_healthy_and_sound;
        }
    };
}

/// Runs the cases of [`crate::Bus`]: `bus_contract!(crate::make)` with `async fn make() -> (Arc<dyn Bus>, impl Sized)`.
#[macro_export]
macro_rules! bus_contract {
    ($make:path) => {
        $crate::contract_cases! { $make, [$crate::contract],
            bus: what_is_watched_is_heard, what_is_not_watched_is_not_heard, what_is_unwatched_is_heard_no_longer,
                every_subscription_hears, every_topic_is_its_own, rings_come_in_order, the_queue_is_taken_once,
                overflow_is_a_gap_never_silence, a_signal_that_is_too_large_is_dropped;
        }
    };
}

/// Runs the cases of [`crate::Blobs`]: `blobs_contract!(crate::make)` with `async fn make() -> (Arc<dyn Blobs>, impl Sized)`.
#[macro_export]
macro_rules! blobs_contract {
    ($make:path) => {
        $crate::contract_cases! { $make, [$crate::contract],
            blobs: what_is_written_is_read, large_ones_in_parts, nothing_is_visible_before_the_end, a_dropped_one_leaves_nothing,
                an_existing_one_is_replaced, what_is_missing_is_missing, ranges_end_with_the_blob, deleting_again_is_no_error,
                names_are_their_own, is_healthy;
        }
    };
}
