//! The contract suite: one set of properties that every backend holds.
//!
//! A backend's test binary says where its state lives ([`Place`]) and calls
//! [`contract_tests!`](crate::contract_tests): each property becomes one test under its own name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::assigning_clones,
    reason = "a property fails by panicking"
)]

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::Store;

pub mod administration;
pub mod alerts;
pub mod claiming;
pub mod cycles;
mod desk;
pub mod drafts;
pub mod fence;
pub mod index;
pub mod keeping;
pub mod links;
pub mod listing;
pub mod members;
pub mod names;
pub mod operators;
pub mod recording;
pub mod release;
pub mod settling;
pub mod subjects;

/// Where one property's state lives. A place begins empty.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens the state. Called again while the first is open, and after it was dropped without
    /// being closed.
    async fn open(&self) -> Box<dyn Store>;

    /// A path that `Administration::backup` can write to; nothing is there yet.
    fn backup_path(&self) -> PathBuf;

    /// Opens the state that a backup was restored to.
    async fn open_backup(&self, backup: &Path) -> Box<dyn Store>;
}

/// Makes one test of each property. The argument makes a fresh [`Place`]; the crate that calls it
/// needs tokio with macros.
#[macro_export]
macro_rules! contract_tests {
    ($place:expr) => {
        $crate::contract_tests! { @each $place,
            administration::an_empty_store_has_an_empty_configuration,
            administration::a_configuration_is_saved_with_its_audit_event,
            administration::an_older_or_skipped_revision_is_a_conflict,
            administration::a_channel_that_never_ran_has_a_fresh_record,
            administration::what_is_kept_of_a_channel_comes_back,
            administration::the_state_of_a_channel_changes_by_an_operator_only,
            administration::a_pause_is_kept_per_target,
            administration::the_audit_log_is_read_newest_first_in_pages,
            fence::a_lease_has_one_owner_until_it_expires,
            fence::the_epoch_grows_only_with_a_new_owner,
            fence::a_released_lease_is_free_at_once,
            fence::a_broken_lease_is_free_at_once,
            fence::targets_have_leases_of_their_own,
            fence::every_mutation_refuses_a_stale_fence_and_changes_nothing,
            fence::a_lease_of_another_target_does_not_write,
            subjects::a_subject_comes_back_as_it_was_written,
            subjects::a_known_key_keeps_its_id,
            subjects::an_entry_that_reads_as_remembered_is_unchanged,
            subjects::a_complete_read_must_account_for_these,
            subjects::ids_come_back_in_the_order_of_the_writes,
            subjects::heads_are_found_by_key_within_their_channel,
            names::members_are_resolved_by_the_hash_of_their_dn,
            names::people_are_found_by_the_names_that_they_had,
            subjects::linked_subjects_are_found_by_target_id_in_all_channels_of_the_target,
            subjects::a_scan_pages_through_those_who_are_there,
            subjects::unique_values_are_replaced_with_their_subject,
            subjects::duplicates_count_only_those_in_scope,
            subjects::of_many_holders_of_one_value_the_first_two_are_told,
            subjects::ten_thousand_subjects_are_written_and_found,
            subjects::hostile_text_comes_back_as_it_was,
            listing::dirty_and_due_subjects_are_to_be_planned,
            listing::a_subject_with_a_step_in_flight_is_not_due,
            listing::the_next_look_is_the_earliest,
            listing::search_finds_exact_matches_first,
            listing::search_takes_wildcards_literally,
            listing::subjects_are_listed_by_filter,
            listing::counts_add_up,
            listing::who_leaves_is_counted_until_it_is_decided,
            listing::container_sizes_count_active_links,
            listing::somebody_disabled_is_found_however_it_is_stored,
            listing::scope_groups_are_remembered_and_counted,
            listing::domains_are_counted_most_first,
            listing::a_sample_is_drawn_by_its_seed_from_linked_people,
            cycles::a_cycle_begins_reading_and_is_listed_newest_first,
            cycles::an_abandoned_cycle_is_aborted_by_the_next,
            cycles::an_aborted_cycle_leaves_its_subjects_dirty_and_no_steps,
            cycles::a_second_write_replaces_the_steps_of_the_first,
            cycles::guards_are_counted_by_steps_and_by_members,
            cycles::a_cycle_that_ended_takes_no_more_writes,
            settling::planned_steps_become_pending,
            settling::nothing_planned_is_sent_before_settling,
            settling::the_watermark_moves_with_the_settling,
            settling::a_newer_plan_supersedes_what_is_not_in_flight,
            settling::steps_that_a_cycle_leaves_are_listed_before_it_settles,
            settling::a_step_in_flight_is_never_superseded,
            settling::a_subject_that_was_not_planned_keeps_its_steps,
            settling::account_and_membership_plans_do_not_supersede_each_other,
            settling::a_hold_of_the_plan_holds_its_step,
            settling::a_breach_holds_only_the_steps_it_counts,
            settling::the_counts_of_a_settled_cycle_can_be_corrected,
            claiming::steps_are_claimed_by_priority_and_then_by_age,
            claiming::one_step_per_subject_is_in_flight,
            claiming::a_later_step_waits_for_an_earlier_one,
            claiming::a_batch_of_members_passes_one_that_waits,
            claiming::a_held_step_blocks_nobody,
            claiming::a_waiting_step_is_claimed_when_its_time_has_come,
            claiming::only_the_named_channels_are_claimed,
            claiming::the_next_send_is_known,
            claiming::what_waits_is_counted_however_much_it_is,
            claiming::claimed_steps_are_unknown_after_a_crash,
            claiming::steps_are_listed_and_counted_by_filter,
            recording::an_outcome_is_recorded_as_a_whole,
            recording::a_forbidden_transition_changes_nothing,
            recording::a_step_that_is_not_there_is_refused,
            recording::what_was_made_from_an_older_version_is_not_written,
            claiming::a_pilot_claims_the_named_subjects_only,
            claiming::an_approval_claims_the_named_steps_only,
            recording::a_rekey_moves_the_link_between_two_subjects,
            recording::reasons_of_parked_and_replanned_steps_are_kept,
            members::a_complete_list_replaces_the_desired_members,
            members::an_incomplete_list_drops_nobody,
            members::an_unchanged_list_leaves_the_group_clean,
            members::only_linked_dirty_groups_are_planned,
            members::presence_is_recorded_with_outcomes,
            members::a_listing_replaces_what_is_believed_present,
            members::an_outcome_during_a_cycle_keeps_the_group_dirty,
            members::a_member_who_came_too_late_or_left_too_early_is_planned_again,
            members::an_aborted_membership_plan_leaves_the_group_dirty,
            members::a_group_with_ten_thousand_members_is_read_in_batches,
            links::a_gained_id_makes_the_groups_dirty,
            links::a_lost_link_clears_presence,
            links::a_new_resource_of_a_member_is_not_believed_present,
            links::a_removed_member_leaves_all_its_rows,
            links::an_unlinked_member_out_of_scope_is_not_desired,
            links::a_group_that_loses_its_link_believes_nothing_present,
            links::an_unchanged_link_leaves_the_groups_clean,
            links::a_change_of_status_makes_the_groups_dirty_and_keeps_presence,
            release::approved_steps_are_released,
            release::a_rejected_step_dismisses_its_subject,
            release::a_held_step_expires_and_its_subject_is_planned_again,
            release::a_parked_step_can_be_retried,
            release::the_window_counts_what_was_released_and_not_approved,
            release::the_window_leaves_out_what_the_running_cycle_plans_anew,
            index::resources_are_found_by_each_key,
            index::a_complete_listing_deletes_what_it_did_not_see,
            index::what_we_wrote_ourselves_survives_the_listing_under_way,
            index::a_resource_that_is_gone_leaves_the_index,
            index::the_index_is_counted_and_scanned,
            keeping::old_rows_are_pruned_and_tombstones_stay,
            keeping::a_backup_has_equal_content,
            keeping::what_was_committed_is_there_after_a_crash,
            keeping::two_openings_see_the_same_state,
            keeping::a_sound_state_checks_and_has_a_size,
            keeping::an_archived_channel_is_at_rest,
            keeping::a_configuration_that_is_not_saved_archives_nothing,
            operators::an_account_comes_back_as_it_was_written,
            operators::names_of_accounts_do_not_differ_by_case,
            operators::a_change_from_older_accounts_does_nothing,
            operators::sessions_and_tokens_go_with_their_account,
            operators::failures_to_sign_in_make_a_name_wait,
            operators::a_session_lives_until_it_ends,
            operators::an_api_token_lives_until_it_is_revoked,
            operators::the_first_link_is_for_the_first_account,
            drafts::a_draft_comes_back_as_it_was_written,
            drafts::a_draft_is_written_over_the_version_before_it,
            drafts::drafts_are_listed_and_removed,
            alerts::a_trouble_keeps_its_earliest_time,
            alerts::held_steps_are_counted_for_a_person,
            alerts::an_alert_is_open_until_it_is_over,
            alerts::receivers_are_told_once_and_in_order,
            alerts::what_was_over_before_it_was_told_is_not_told,
            alerts::what_never_arrived_is_not_told_to_be_over,
            alerts::a_new_stage_takes_the_place_of_the_one_before,
            alerts::a_claim_that_was_not_settled_is_free_again,
            alerts::old_alerts_are_pruned_with_their_deliveries,
        }
    };
    (@each $place:expr, $($module:ident :: $name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let place = $place;
                $crate::contract::$module::$name(&place).await;
            }
        )*
    };
}
