// Every grant* method of the constructs of aws-cdk-lib, each on a role of its own; the policies that it writes on stdout, one JSON object.
//   npm install aws-cdk-lib constructs && NODE_PATH=node_modules node bench/cdk/grants.js > grants.json
const cdk = require("aws-cdk-lib");
const { aws_iam: iam, aws_s3: s3, aws_kms: kms, aws_ec2: ec2, aws_ecs: ecs } = cdk;

const ACCOUNT = "310000000013", REGION = "eu-west-2", ID = "0a1b2c3d-1111-4222-8333-944445555666";
const arn = (service, resource) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const KEY = arn("kms", `key/${ID}`);
const vpc = (s) => ec2.Vpc.fromVpcAttributes(s, "Vpc", { vpcId: "vpc-0a1b2c3d", availabilityZones: ["eu-west-2a", "eu-west-2b"], privateSubnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e"], isolatedSubnetIds: ["subnet-0a1b2c3f", "subnet-0a1b2c40"], publicSubnetIds: ["subnet-0a1b2c41", "subnet-0a1b2c42"] });
const engine = (s) => ({ engine: cdk.aws_rds.DatabaseClusterEngine.auroraPostgres({ version: cdk.aws_rds.AuroraPostgresEngineVersion.VER_16_4 }), vpc: vpc(s) });
const code = (s) => ({ runtime: cdk.aws_lambda.Runtime.NODEJS_20_X, handler: "i.h", code: cdk.aws_lambda.Code.fromInline("exports.h = 1") });
const taskRole = (s, name) => new iam.Role(s, name, { roleName: name, assumedBy: new iam.ServicePrincipal("ecs-tasks.amazonaws.com") });
const role = (s, name = "reader") => iam.Role.fromRoleArn(s, name, `arn:aws:iam::${ACCOUNT}:role/${name}`);

// The L2 constructs of Neptune, MSK, Redshift, SageMaker and IoT are packages of their own, not part of aws-cdk-lib.
// construct => how it is made; imported wherever that can grant, so that names are the ones written here
const THINGS = {
  ApiGatewayRest: (s) => { const api = new cdk.aws_apigateway.RestApi(s, "A", { restApiName: "shop" }); api.root.addMethod("GET"); return api.methods[0]; },
  ApiKey: (s) => cdk.aws_apigateway.ApiKey.fromApiKeyId(s, "K", "abcdefghij"),
  WebSocketApi: (s) => new cdk.aws_apigatewayv2.WebSocketApi(s, "W", { apiName: "chat" }),
  HttpRoute: (s) => new cdk.aws_apigatewayv2.HttpApi(s, "H", { apiName: "web" }).addRoutes({ path: "/orders", methods: ["GET"], authorizer: new cdk.aws_apigatewayv2_authorizers.HttpIamAuthorizer(), integration: new cdk.aws_apigatewayv2_integrations.HttpUrlIntegration("I", "https://example.com") })[0],
  AppConfigEnvironment: (s) => cdk.aws_appconfig.Environment.fromEnvironmentAttributes(s, "E", { application: cdk.aws_appconfig.Application.fromApplicationId(s, "A", "abc1234"), environmentId: "def5678" }),
  AppSyncApi: (s) => new cdk.aws_appsync.GraphqlApi(s, "G", { name: "shop", definition: cdk.aws_appsync.Definition.fromSchema(cdk.aws_appsync.SchemaFile.fromAsset(`${__dirname}/schema.graphql`)), authorizationConfig: { defaultAuthorization: { authorizationType: "AWS_IAM" } } }),
  AppSyncEvents: (s) => new cdk.aws_appsync.EventApi(s, "G", { apiName: "shop", authorizationConfig: { authProviders: [{ authorizationType: "AWS_IAM" }] } }),
  BackupVault: (s) => cdk.aws_backup.BackupVault.fromBackupVaultName(s, "V", "nightly"),
  BatchQueue: (s) => new cdk.aws_batch.EcsJobDefinition(s, "D", { jobDefinitionName: "etl", container: new cdk.aws_batch.EcsFargateContainerDefinition(s, "C", { cpu: 1, memory: cdk.Size.mebibytes(2048), image: ecs.ContainerImage.fromRegistry("busybox"), executionRole: role(s, "batch-exec") }) }),
  Distribution: (s) => cdk.aws_cloudfront.Distribution.fromDistributionAttributes(s, "D", { distributionId: "E1A2B3C4D5E6F7", domainName: "d1.cloudfront.net" }),
  ReportGroup: (s) => cdk.aws_codebuild.ReportGroup.fromReportGroupName(s, "R", "unit"),
  CodeCommit: (s) => cdk.aws_codecommit.Repository.fromRepositoryName(s, "R", "storefront"),
  LambdaDeployment: (s) => new cdk.aws_codedeploy.LambdaDeploymentGroup(s, "G", { deploymentGroupName: "canary", application: cdk.aws_codedeploy.LambdaApplication.fromLambdaApplicationName(s, "A", "till"), role: role(s, "deployer"), alias: new cdk.aws_lambda.Alias(s, "L", { aliasName: "live", version: cdk.aws_lambda.Version.fromVersionArn(s, "V", arn("lambda", "function:check:3")) }) }),
  ProfilingGroup: (s) => cdk.aws_codeguruprofiler.ProfilingGroup.fromProfilingGroupName(s, "P", "till"),
  UserPool: (s) => cdk.aws_cognito.UserPool.fromUserPoolId(s, "U", "eu-west-2_a1B2c3D4e"),
  DynamoTable: (s) => cdk.aws_dynamodb.Table.fromTableAttributes(s, "T", { tableName: "orders", tableStreamArn: arn("dynamodb", "table/orders/stream/2026-01-01T00:00:00.000"), globalIndexes: ["by-day"] }),
  DynamoTableKey: (s) => cdk.aws_dynamodb.Table.fromTableAttributes(s, "T", { tableName: "orders", encryptionKey: kms.Key.fromKeyArn(s, "K", KEY) }),
  DynamoTableV2: (s) => cdk.aws_dynamodb.TableV2.fromTableAttributes(s, "T", { tableName: "carts", tableStreamArn: arn("dynamodb", "table/carts/stream/2026-01-01T00:00:00.000") }),
  Volume: (s) => cdk.aws_ec2.Volume.fromVolumeAttributes(s, "V", { volumeId: "vol-0a1b2c3d4e5f60718", availabilityZone: "eu-west-2a" }),
  EcrRepository: (s) => cdk.aws_ecr.Repository.fromRepositoryName(s, "R", "shop/web"),
  EcsCluster: (s) => new ecs.Cluster(s, "C", { clusterName: "main", vpc: vpc(s) }),
  TaskDefinition: (s) => { const d = new ecs.FargateTaskDefinition(s, "D", { family: "nightly", taskRole: taskRole(s, "task"), executionRole: taskRole(s, "exec") }); d.addContainer("c", { image: ecs.ContainerImage.fromRegistry("busybox") }); return d; },
  FileSystem: (s) => cdk.aws_efs.FileSystem.fromFileSystemAttributes(s, "F", { fileSystemId: "fs-0a1b2c3d", securityGroup: ec2.SecurityGroup.fromSecurityGroupId(s, "S", "sg-0a1b2c3d") }),
  EksCluster: (s) => new cdk.aws_eks_v2.Cluster(s, "C", { clusterName: "main", version: cdk.aws_eks_v2.KubernetesVersion.V1_31, vpc: vpc(s) }),
  Elasticsearch: (s) => cdk.aws_elasticsearch.Domain.fromDomainEndpoint(s, "D", `https://search-logs-abcdefghijklmnopqrstuvwxyz.${REGION}.es.amazonaws.com`),
  EventBus: (s) => cdk.aws_events.EventBus.fromEventBusArn(s, "B", arn("events", "event-bus/shop")),
  GlueTable: (s) => new cdk.aws_glue.S3Table(s, "T", { tableName: "orders", database: cdk.aws_glue.Database.fromDatabaseArn(s, "D", arn("glue", "database/shop")), bucket: s3.Bucket.fromBucketName(s, "B", "lake-of-shop"), s3Prefix: "orders/", columns: [{ name: "id", type: cdk.aws_glue.Schema.STRING }], dataFormat: cdk.aws_glue.DataFormat.JSON }),
  IamRole: (s) => role(s),
  KinesisStream: (s) => cdk.aws_kinesis.Stream.fromStreamAttributes(s, "S", { streamArn: arn("kinesis", "stream/clicks") }),
  KinesisStreamKey: (s) => cdk.aws_kinesis.Stream.fromStreamAttributes(s, "S", { streamArn: arn("kinesis", "stream/clicks"), encryptionKey: kms.Key.fromKeyArn(s, "K", KEY) }),
  KinesisConsumer: (s) => cdk.aws_kinesis.StreamConsumer.fromStreamConsumerArn(s, "S", arn("kinesis", "stream/clicks/consumer/app:1767225600")),
  Firehose: (s) => cdk.aws_kinesisfirehose.DeliveryStream.fromDeliveryStreamName(s, "F", "to-lake"),
  KmsKey: (s) => kms.Key.fromKeyArn(s, "K", KEY),
  KmsAlias: (s) => kms.Alias.fromAliasName(s, "A", "alias/shop"),
  LambdaFunction: (s) => cdk.aws_lambda.Function.fromFunctionAttributes(s, "F", { functionArn: arn("lambda", "function:check"), sameEnvironment: true }),
  LambdaUrl: (s) => new cdk.aws_lambda.Function(s, "F", { functionName: "page", role: role(s, "page-role"), ...code(s) }).addFunctionUrl(),
  LogGroup: (s) => cdk.aws_logs.LogGroup.fromLogGroupName(s, "L", "/shop/web"),
  OpenSearch: (s) => cdk.aws_opensearchservice.Domain.fromDomainEndpoint(s, "D", `https://search-logs-abcdefghijklmnopqrstuvwxyz.${REGION}.es.amazonaws.com`),
  RdsInstance: (s) => cdk.aws_rds.DatabaseInstance.fromDatabaseInstanceAttributes(s, "D", { instanceIdentifier: "orders", instanceResourceId: "db-ABCDEFGHIJKL01234", instanceEndpointAddress: "x", port: 5432, securityGroups: [] }),
  RdsCluster: (s) => new cdk.aws_rds.DatabaseCluster(s, "D", { clusterIdentifier: "orders", enableDataApi: true, writer: cdk.aws_rds.ClusterInstance.serverlessV2("w"), ...engine(s) }),
  RdsServerless: (s) => new cdk.aws_rds.ServerlessCluster(s, "D", { clusterIdentifier: "orders", enableDataApi: true, ...engine(s) }),
  RdsProxy: (s) => cdk.aws_rds.DatabaseProxy.fromDatabaseProxyAttributes(s, "P", { dbProxyArn: arn("rds", "db-proxy:prx-0a1b2c3d4e5f60718"), dbProxyName: "orders", endpoint: "x", securityGroups: [] }),
  HostedZone: (s) => new cdk.aws_route53.PublicHostedZone(s, "Z", { zoneName: "example.com" }),
  Bucket: (s) => s3.Bucket.fromBucketName(s, "B", "lake-of-shop"),
  BucketKey: (s) => s3.Bucket.fromBucketAttributes(s, "B", { bucketName: "lake-of-shop", encryptionKey: kms.Key.fromKeyArn(s, "K", KEY) }),
  ScheduleGroup: (s) => cdk.aws_scheduler.ScheduleGroup.fromScheduleGroupName(s, "G", "nightly"),
  Secret: (s) => cdk.aws_secretsmanager.Secret.fromSecretAttributes(s, "S", { secretCompleteArn: arn("secretsmanager", "secret:mail-Ab3dE6") }),
  SecretKey: (s) => cdk.aws_secretsmanager.Secret.fromSecretAttributes(s, "S", { secretCompleteArn: arn("secretsmanager", "secret:mail-Ab3dE6"), encryptionKey: kms.Key.fromKeyArn(s, "K", KEY) }),
  SecretName: (s) => cdk.aws_secretsmanager.Secret.fromSecretNameV2(s, "S", "mail"),
  EmailIdentity: (s) => cdk.aws_ses.EmailIdentity.fromEmailIdentityName(s, "I", "example.com"),
  Topic: (s) => cdk.aws_sns.Topic.fromTopicArn(s, "T", arn("sns", "alerts")),
  Queue: (s) => cdk.aws_sqs.Queue.fromQueueArn(s, "Q", arn("sqs", "jobs")),
  QueueOfKey: (s) => cdk.aws_sqs.Queue.fromQueueAttributes(s, "Q", { queueArn: arn("sqs", "jobs"), keyArn: KEY }),
  Parameter: (s) => cdk.aws_ssm.StringParameter.fromStringParameterName(s, "P", "/shop/url"),
  SecureParameter: (s) => cdk.aws_ssm.StringParameter.fromSecureStringParameterAttributes(s, "P", { parameterName: "/shop/token", encryptionKey: kms.Key.fromKeyArn(s, "K", KEY) }),
  StateMachine: (s) => cdk.aws_stepfunctions.StateMachine.fromStateMachineArn(s, "M", arn("states", "stateMachine:checkout")),
  Pipeline: (s) => cdk.aws_codepipeline.Pipeline.fromPipelineArn(s, "P", arn("codepipeline", "release")),
  Metric: () => ({ grantPutMetricData: (who) => cdk.aws_cloudwatch.Metric.grantPutMetricData(who) }),
  Memory: (s) => cdk.aws_bedrockagentcore.Memory.fromMemoryAttributes(s, "R", { memoryArn: arn("bedrock-agentcore", "memory/desk-a1B2c3D4e5"), roleArn: `arn:aws:iam::${ACCOUNT}:role/desk` }),
  Browser: (s) => cdk.aws_bedrockagentcore.BrowserCustom.fromBrowserCustomAttributes(s, "R", { browserArn: arn("bedrock-agentcore", "browser-custom/desk-a1B2c3D4e5"), roleArn: `arn:aws:iam::${ACCOUNT}:role/desk` }),
  CodeInterpreter: (s) => cdk.aws_bedrockagentcore.CodeInterpreterCustom.fromCodeInterpreterCustomAttributes(s, "R", { codeInterpreterArn: arn("bedrock-agentcore", "code-interpreter-custom/desk-a1B2c3D4e5"), roleArn: `arn:aws:iam::${ACCOUNT}:role/desk` }),
  Gateway: (s) => cdk.aws_bedrockagentcore.Gateway.fromGatewayAttributes(s, "R", { gatewayArn: arn("bedrock-agentcore", "gateway/desk-a1b2c3d4e5"), gatewayId: "desk-a1b2c3d4e5", gatewayName: "desk", role: role(s) }),
  VirtualNode: (s) => cdk.aws_appmesh.VirtualNode.fromVirtualNodeArn(s, "N", arn("appmesh", "mesh/shop/virtualNode/web")),
  AgentRuntime: (s) => cdk.aws_bedrockagentcore.Runtime.fromAgentRuntimeAttributes(s, "R", { agentRuntimeArn: arn("bedrock-agentcore", "runtime/desk-a1B2c3D4e5"), agentRuntimeId: "desk-a1B2c3D4e5", agentRuntimeName: "desk", roleArn: `arn:aws:iam::${ACCOUNT}:role/desk`, agentRuntimeVersion: "1" }),
};
// what a method is given besides the role, where it needs something
const GIVEN = {
  "DynamoTable.grant": ["dynamodb:DescribeTable"], grant: (name) => ACTIONS_OF[name] ?? [],
  
  grantConnect: (name) => (name === "AppSyncEvents" ? [] : ["app"]), grantTaskResponse: [], grantInvokeVersion: null, "HostedZone.grantDelegation": [],
  grantQuery: ["orders"], grantMutation: ["order"], grantSubscription: ["placed"], grantExecution: ["states:DescribeExecution"],
  grantSubmitJob: (name, s) => [cdk.aws_batch.JobQueue.fromJobQueueArn(s, "JQ", arn("batch", "job-queue/main"))], "Volume.grantAttachVolumeByResourceTag": null, "Volume.grantDetachVolumeByResourceTag": null,
};
const ACTIONS_OF = {
  AppSyncApi: [cdk.aws_appsync.IamResource.all(), "appsync:GraphQL"], AppSyncEvents: [cdk.aws_appsync.AppSyncEventResource.forAPI(), "appsync:EventPublish"], Bucket: [], AppConfigEnvironment: ["appconfig:GetEnvironment"],
  BackupVault: ["backup:DescribeBackupVault", "backup:StartBackupJob"], CodeCommit: ["codecommit:GetBranch"], DynamoTableKey: ["dynamodb:GetItem"], DynamoTableV2: ["dynamodb:GetItem"], EcrRepository: ["ecr:DescribeImages"],
  Distribution: ["cloudfront:GetDistribution"], FileSystem: ["elasticfilesystem:ClientMount"], Firehose: ["firehose:DescribeDeliveryStream"], IamRole: ["iam:GetRole"], LambdaFunction: ["lambda:GetFunction"], Memory: ["bedrock-agentcore:GetMemory"], Browser: ["bedrock-agentcore:GetBrowser"], CodeInterpreter: ["bedrock-agentcore:GetCodeInterpreter"], Gateway: ["bedrock-agentcore:GetGateway"], AgentRuntime: [["bedrock-agentcore:GetAgentRuntime"], [arn("bedrock-agentcore", "runtime/desk-a1B2c3D4e5")]], KinesisStream: ["kinesis:DescribeStream"], KinesisConsumer: ["kinesis:DescribeStreamConsumer"],
  KmsKey: ["kms:DescribeKey"], LogGroup: ["logs:GetLogEvents"], Queue: ["sqs:GetQueueAttributes"], ScheduleGroup: ["scheduler:GetScheduleGroup"], StateMachine: ["states:DescribeStateMachine"], UserPool: ["cognito-idp:AdminCreateUser", "cognito-idp:AdminGetUser"],
  QueueOfKey: ["sqs:GetQueueAttributes"], EmailIdentity: ["ses:GetEmailIdentity"], GlueTable: [["glue:GetTable"]], KinesisStreamKey: ["kinesis:DescribeStream"], Pipeline: ["codepipeline:GetPipelineState"],
};

const NAMED = { "AWS::IAM::Role": ["RoleName", "iam::", "role/"], "AWS::ECS::Cluster": ["ClusterName", "ecs", "cluster/"], "AWS::Lambda::Function": ["FunctionName", "lambda", "function:"], "AWS::RDS::DBCluster": ["DBClusterIdentifier", "rds", "cluster:"] };
const IDS = { "AWS::ApiGateway::RestApi": "a1b2c3d4e5", "AWS::ApiGatewayV2::Api": "a1b2c3d4e5", "AWS::AppSync::GraphQLApi": "abcdefghijklmnopqrstuvwxyz", "AWS::AppSync::Api": "abcdefghijklmnopqrstuvwxyz", "AWS::Route53::HostedZone": "Z0123456789ABCDEFGHIJ" };

function physical(template, id, attribute) {
  const { Type: type, Properties: given = {} } = template.Resources[id];
  const name = NAMED[type] && given[NAMED[type][0]];
  if (type === "AWS::ECS::TaskDefinition") return arn("ecs", `task-definition/${given.Family}:1`);
  if (type === "AWS::SecretsManager::Secret" || type === "AWS::SecretsManager::SecretTargetAttachment") return arn("secretsmanager", `secret:${id}-Ab3dE6`);
  if (type === "AWS::Batch::JobDefinition") return arn("batch", `job-definition/${given.JobDefinitionName}:1`);
  if (type === "AWS::AppSync::GraphQLApi" && attribute === "Arn") return arn("appsync", `apis/${IDS[type]}`);
  if (type === "AWS::AppSync::Api" && attribute === "ApiArn") return arn("appsync", `apis/${IDS[type]}`);
  if (type === "AWS::S3::Bucket") return attribute === "Arn" ? "arn:aws:s3:::tables-of-shop" : "tables-of-shop";
  if (type === "AWS::Glue::Table") return given.TableInput.Name;
  if (type === "AWS::CodeDeploy::DeploymentGroup") return given.DeploymentGroupName;
  if (type === "AWS::RDS::DBCluster" && attribute === "DBClusterResourceId") return "cluster-ABCDEFGHIJKL01234";
  if (attribute === "Arn" && name) return type === "AWS::IAM::Role" ? `arn:aws:iam::${ACCOUNT}:role/${name}` : arn(NAMED[type][1], `${NAMED[type][2]}${name}`);
  return IDS[type] ?? (type === "AWS::ApiGateway::Stage" ? "prod" : name ?? id);
}

function resolved(value, template) {
  if (Array.isArray(value)) return value.map((one) => resolved(one, template));
  if (value === null || typeof value !== "object") return value;
  const of = (one) => resolved(one, template);
  if ("Ref" in value) return { "AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::URLSuffix": "amazonaws.com" }[value.Ref] ?? physical(template, value.Ref, "Ref");
  if ("Fn::GetAtt" in value) return physical(template, ...value["Fn::GetAtt"]);
  if ("Fn::Join" in value) return of(value["Fn::Join"][1]).join(value["Fn::Join"][0]);
  if ("Fn::Select" in value) return of(value["Fn::Select"][1])[Number(value["Fn::Select"][0])];
  if ("Fn::Split" in value) return String(of(value["Fn::Split"][1])).split(value["Fn::Split"][0]);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, of(one)]));
}

function methods(thing) {
  const found = new Set(Object.getOwnPropertyNames(thing).filter((one) => typeof thing[one] === "function"));
  for (let at = Object.getPrototypeOf(thing); at && at !== Object.prototype; at = Object.getPrototypeOf(at)) Object.getOwnPropertyNames(at).forEach((one) => found.add(one));
  return [...found].filter((one) => /^grant[A-Z]|^grant$/.test(one)).sort();
}

const app = () => new cdk.App({ outdir: `${require("os").tmpdir()}/cdk-out-${process.pid}-${Math.random().toString(36).slice(2)}`, analyticsReporting: false });
const stack = () => new cdk.Stack(app(), "shop", { env: { account: ACCOUNT, region: REGION } });
const found = { version: require("aws-cdk-lib/package.json").version, account: ACCOUNT, region: REGION, grants: {}, none: {} };
for (const [name, make] of Object.entries(THINGS)) {
  if (!make) continue;
  let known;
  try { known = methods(make(stack())); } catch (error) { console.error(`${name}: ${error.message}`); continue; }
  for (const method of known) {
    const title = `${name}.${method}`;
    try {
      const s = stack(), thing = make(s), worker = new iam.Role(s, "Worker", { roleName: "worker", assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com") });
      const more = title in GIVEN ? GIVEN[title] : GIVEN[method];
      if (more === null) continue;
      const first = method.startsWith("grantIndex") ? ["orders"] : method.startsWith("grantPath") ? ["/data"] : []; // search domains are told what before whom
      thing[method](...first, worker, ...(typeof more === "function" ? more(name, s) : more ?? []));
      const template = JSON.parse(JSON.stringify(cdk.App.of(s).synth().getStackByName("shop").template));
      const written = Object.values(template.Resources).filter((one) => /AWS::IAM::(Managed)?Policy$/.test(one.Type) && JSON.stringify(one.Properties.Roles ?? []).includes("Worker"));
      if (written.length) found.grants[title] = written.flatMap((one) => resolved(one.Properties.PolicyDocument.Statement, template));
      else found.none[title] = "writes no policy of the role";
    } catch (error) {
      found.none[title] = error.message.split("\n")[0].slice(0, 160);
    }
  }
}
process.stdout.write(JSON.stringify(found));
