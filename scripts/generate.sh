#!/usr/bin/env bash
# Writes every file again that is made of others here; tests compare them. (The templates: make arm.)
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
for tool in rust python helm alerts; do "tools_$tool"; done
PATH=$root/.tools/venv/bin:$PATH
export FREEHOLD_BLESS=1
# What is rendered follows from the chart's own files, and one of these from the alerts.
pages='test(=config::tests::words::the_written_reference_and_the_annotated_file_are_current)
  + test(=tidy::the_module_map_in_the_architecture_page_is_current)
  + test(=api::document::the_kept_document_is_the_one_that_is_answered)
  + test(=data::the_page_about_data_is_what_the_declaration_says) + test(=security::the_page_is_current)
  + test(=telemetry::pages::the_page_of_the_metrics_is_the_table)
  + test(=telemetry::alerts::the_rules_for_prometheus_and_for_azure_are_those_of_the_one_source)'
chart='test(=deploy::helm::values::the_schema_of_the_values_is_made_from_their_comments)
  + test(=deploy::helm::values::the_list_of_keys_that_the_chart_needs_is_that_of_the_values)
  + test(=deploy::helm::values::the_table_of_the_values_is_made_from_their_comments)
  + test(=deploy::helm::tools::promtool_takes_the_alerts)'
rendered='test(=deploy::helm::renders::every_value_set_renders_as_it_did_with_both_majors_of_helm)'
for written in "$pages" "$chart" "$rendered"; do
  cargo nextest run --locked --cargo-quiet --status-level fail --final-status-level fail -E "$written"
done
git diff --stat
