//! System > Protocol Settings: Roles & Protocols, and Outbound Provisioning.
//!
//! The second tab is there while outbound provisioning is on, and nothing runs while it is off.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use usher_admin_api::Api;
use usher_admin_api::documents::{self, Refused, Wanted, tag};
use usher_core::model::Configuration;
use usher_engine::admin::Admin;
use usher_pf::{Mode, Resource, published_outbound_settings, published_server_settings};

use crate::form::{Field, Mistakes, NotSaved, Shape, Spec, Summed, show, take};
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, Tab, page, page_as, see_done};

const HERE: &str = "/system/protocol-settings";
const OUTBOUND: &str = "/system/protocol-settings/outbound-provisioning";

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(HERE, get(roles).post(save_roles))
        .route(OUTBOUND, get(outbound).post(save_outbound))
}

const ROLES: &[Spec] = &[
    Spec {
        path: "rolesAndProtocols.idpRole.enable",
        label: "Enable Identity Provider (IdP) Role and Support the Following",
        shape: Shape::Flag,
        required: false,
        help: "The role in which this installation hands its people to services. Without it nothing is provisioned.",
        more: "",
    },
    Spec {
        path: "rolesAndProtocols.idpRole.enableOutboundProvisioning",
        label: "Outbound Provisioning",
        shape: Shape::Flag,
        required: false,
        help: "Creates, updates, disables and deletes the people and groups of a service. While it is off, its tab and the connection type are not offered, and nothing runs.",
        more: "It cannot be cleared while an SP connection provisions: delete those first. To pause, turn a channel or its SP connection off.",
    },
];

const SETTINGS: &[Spec] = &[
    Spec {
        path: "dataStoreRef.id",
        label: "Internal data store",
        shape: Shape::OneOf(&[(
            usher_pf::INTERNAL_STORE,
            "ProvisionerDS (the state folder of this installation)",
        )]),
        required: true,
        help: "Where Usher keeps what it knows of people, groups and requests. It is part of this installation: there is nothing to set up.",
        more: "",
    },
    Spec {
        path: "synchronizationFrequency",
        label: "Synchronization frequency",
        shape: Shape::Number,
        required: true,
        help: "Seconds between two looks at what changed, for every channel that has no interval of its own.",
        more: "The interval of one channel is set on its Policy tab. Full reads have a schedule of their own.",
    },
];

#[derive(Template)]
#[template(path = "protocol_settings/page.html")]
struct SettingsPage {
    frame: Frame,
    action: &'static str,
    fields: Vec<Field>,
    summary: Vec<Summed>,
    seen: String,
}

/// One of the two tabs.
struct Kind {
    action: &'static str,
    resource: Resource,
    specs: &'static [Spec],
    document: fn(&Configuration) -> Value,
}

const ROLES_TAB: Kind = Kind {
    action: HERE,
    resource: Resource::ServerSettings,
    specs: ROLES,
    document: |configuration| published_server_settings(&configuration.server),
};

const OUTBOUND_TAB: Kind = Kind {
    action: OUTBOUND,
    resource: Resource::OutboundProvisioning,
    specs: SETTINGS,
    document: published_outbound_settings,
};

async fn roles(who: SignedIn) -> Result<Response, Fault> {
    ROLES_TAB.shown(&who, None).await
}

async fn outbound(who: SignedIn) -> Result<Response, Fault> {
    OUTBOUND_TAB.shown(&who, None).await
}

async fn save_roles(posted: Posted) -> Result<Response, Fault> {
    ROLES_TAB.save(posted).await
}

async fn save_outbound(posted: Posted) -> Result<Response, Fault> {
    OUTBOUND_TAB.save(posted).await
}

impl Kind {
    async fn shown(&self, who: &SignedIn, notice: Option<Notice>) -> Result<Response, Fault> {
        let configuration = who.admin.configuration_to_show().await?;
        if self.resource == Resource::OutboundProvisioning && !is_on(&configuration) {
            return Err(Fault::told(
                StatusCode::NOT_FOUND,
                "Outbound provisioning is off",
                "This tab is there while outbound provisioning is on.",
                "Tick it on the tab Roles & Protocols of Protocol Settings, and save.",
            ));
        }
        let document = (self.document)(&configuration);
        let mut frame = self.frame(who, &configuration);
        frame.notices.extend(notice);
        page(&SettingsPage {
            frame,
            action: self.action,
            fields: show(self.specs, &document, &Mistakes::default()),
            summary: Vec::new(),
            seen: tag(&document),
        })
    }

    fn frame(&self, who: &SignedIn, configuration: &Configuration) -> Frame {
        let tab = |label: &str, href: &str| Tab {
            label: label.to_owned(),
            href: href.to_owned(),
            here: href == self.action,
        };
        let mut tabs = vec![tab("Roles & Protocols", HERE)];
        if is_on(configuration) {
            tabs.push(tab("Outbound Provisioning", OUTBOUND));
        }
        Frame::new(who, "Protocol Settings")
            .crumb("System", "")
            .tabs(tabs)
    }

    async fn save(&self, Posted { who, form }: Posted) -> Result<Response, Fault> {
        let before = who.admin.configuration_to_show().await?;
        let mut mine = (self.document)(&before);
        take(self.specs, &form, &mut mine);
        let wanted = Wanted {
            resource: self.resource,
            mode: Mode::Update,
            document: &mine,
            policies: None,
            ask: true,
        };
        let seen = form.text("seen").to_owned();
        let is_seen =
            |current: &mut Configuration| Refused::unless_seen(&seen, &(self.document)(current));
        match documents::save(&who.admin, wanted, is_seen).await {
            Ok(saved) if saved.warnings.is_empty() => Ok(see_done(self.action, Done::Saved)),
            Ok(saved) => self.shown(&who, Some(Notice::warn(saved.warnings))).await,
            Err(refused) => self.refused(&who, &mine, refused, &seen).await,
        }
    }

    async fn refused(
        &self,
        who: &SignedIn,
        mine: &Value,
        refused: Refused,
        seen: &str,
    ) -> Result<Response, Fault> {
        let configuration = current(&who.admin).await?;
        let theirs = (self.document)(&configuration);
        let not = NotSaved::new(self.specs, mine, &theirs, refused);
        let fields: Vec<&Field> = not.fields.iter().collect();
        let summary = not.mistakes.summary(&fields);
        let mut frame = self.frame(who, &configuration);
        frame.notices.extend(not.notice);
        page_as(
            StatusCode::UNPROCESSABLE_ENTITY,
            &SettingsPage {
                frame,
                action: self.action,
                summary,
                fields: not.fields,
                seen: not.seen.unwrap_or_else(|| seen.to_owned()),
            },
        )
    }
}

async fn current(admin: &Admin) -> Result<Configuration, Fault> {
    Ok(admin.configuration_to_show().await?)
}

fn is_on(configuration: &Configuration) -> bool {
    configuration.server.idp_role && configuration.server.outbound_provisioning
}
