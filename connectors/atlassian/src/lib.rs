//! usher-connector-atlassian
